/**
 * Which of the engine's functions analysts may use. Everything that is not allowed here by its category or its name is refused, so that a
 * function which a later engine brings has to be looked at first.
 */

/** A row of `system.functions`. */
export interface EngineFunction {
  readonly name: string;
  readonly isAggregate: boolean;
  /** The function that it is another name of; empty for none. */
  readonly aliasTo: string;
  readonly category: string;
}

/** The engine's own categories whose functions compute from their arguments alone. */
const harmlessCategories = new Set([
  'Arithmetic',
  'Arrays',
  'Bit',
  'Bitmap',
  'Comparison',
  'Conditional',
  'Dates and Times',
  'Distance',
  'Encoding',
  'Financial',
  'Geo',
  'Geo Polygon',
  'Hash',
  'IP Address',
  'JSON',
  'Logical',
  'Map',
  'Mathematical',
  'Null',
  'Random Number',
  'Rounding',
  'String',
  'String Replacement',
  'String Search',
  'String Splitting',
  'Time Series',
  'Time Window',
  'Tuple',
  'Type Conversion',
  'URL',
  'UUID',
]);

/** Harmless ones of other categories: beside them stand functions that read files, sleep, or tell about the machine. */
const harmlessFunctions = new Set(
  `bar byteSize caseWithExpression countDigits currentDatabase currentUser defaultValueOfArgumentType defaultValueOfTypeName digits
   finalizeAggregation formatReadableDecimalSize formatReadableQuantity formatReadableSize formatReadableTimeDelta getSizeOfEnumType
   identity ignore indexHint initializeAggregation isConstant isDecimalOverflow lowCardinalityIndices lowCardinalityKeys materialize
   minSampleSizeContinuous minSampleSizeConversion neighbor parseReadableSize parseReadableSizeOrNull parseReadableSizeOrZero parseTimeDelta
   rowNumberInAllBlocks rowNumberInBlock runningAccumulate runningDifference runningDifferenceStartingWithFirstValue throwIf
   toColumnTypeName toTypeName transform variantElement variantType version visibleWidth _CAST`.split(/\s+/),
);

/** Not what their category says. */
const exceptions = new Set(['chdb', 'fuzzBits', 'serverTimezone']);

/** @returns the names of all that are not allowed, in lower case, other names of the same function included */
export function refusedFunctions(functions: readonly EngineFunction[]): ReadonlySet<string> {
  const categories = new Map(functions.map(({ name, category }) => [name, category]));
  const aggregates = new Set(functions.filter(({ isAggregate }) => isAggregate).map(({ name }) => name));
  const isAllowed = (name: string) =>
    aggregates.has(name) ||
    harmlessFunctions.has(name) ||
    (harmlessCategories.has(categories.get(name) ?? '') && !exceptions.has(name));
  return new Set(
    functions.filter(({ name, aliasTo }) => !isAllowed(aliasTo || name)).map(({ name }) => name.toLowerCase()),
  );
}
