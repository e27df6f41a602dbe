/**
 * Cuts SQL into tokens exactly where the engine's own lexer cuts it, or refuses. The canonical text is not to be trusted here: the engine
 * prints some names into it as they are (those of APPLY), so comments, heredocs and escapes may hide in it, and are refused.
 */
import { exception } from './exception.ts';

export interface Token {
  /** As it stands in the text. */
  readonly raw: string;
  /** A word, or a quoted name with its quotes taken off; undefined for literals and punctuation. */
  readonly name: string | undefined;
  /** Where it begins and ends in the text. */
  readonly from: number;
  readonly to: number;
}

const pattern = /'(?:[^'\\]|\\.)*'|`([^`\\]*)`|"([^"\\]*)"|([A-Za-z_]\w*)|\d\w*|\s+|--|\/\*|./gsu;
const harmless = /^(?:'.*'|`.*`|".*"|\w+|[ \n]+|[()[\]{},.:+\-*/%=<>!|?^])$/s;

/** @throws EngineException 497 for what the engine might cut in another way */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(pattern)) {
    const [raw, ...names] = match;
    if (!harmless.test(raw)) throw exception(497, `Not allowed here: ${JSON.stringify(raw)} outside of a text`);
    const name = names.find((found) => found !== undefined);
    if (raw.trim() !== '') tokens.push({ raw, name, from: match.index, to: match.index + raw.length });
  }
  return tokens;
}
