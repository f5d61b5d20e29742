import type { Command } from 'commander';

let name = '';

/** Remembers which command runs; called before its action. */
export function rememberCommand(command: Command): void {
  name = commandPath(command);
}

/** `convert`, `import start`; empty before a command runs. */
export function commandName(): string {
  return name;
}

/** The words of a command, without the program's own name. */
function commandPath(command: Command): string {
  return command.parent === null ? '' : `${commandPath(command.parent)} ${command.name()}`.trim();
}
