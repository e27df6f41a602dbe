/** `check-config`: says everything that is wrong with the configuration, or what it comes to. */
import { type Flags, loadConfig } from '../config/load.ts';
import { renderReference } from '../config/reference.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';

export interface CheckConfigOptions extends Flags {
  /** Print the reference of all settings instead. */
  readonly reference?: boolean;
}

export function checkConfig(options: CheckConfigOptions, context: CommandContext): ExitCode {
  if (options.reference === true) {
    context.out.write(renderReference());
    return exitCodes.done;
  }
  const { secrets, surroundings: _, ...settings } = loadConfig(options);
  const isGiven = Object.entries(secrets).map(([name, value]) => [name, value === undefined ? 'not set' : 'set']);
  context.out.write(`${JSON.stringify({ ...settings, secrets: Object.fromEntries(isGiven) }, undefined, 2)}\n`);
  return exitCodes.done;
}
