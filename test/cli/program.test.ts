import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.js';

const names = (command?: string): string[] => buildProgram(command).commands.map((one) => one.name());
const ALL = names();

describe('the command line', () => {
  it('has all its commands where none is named', () => {
    expect(ALL).toContain('convert');
    expect(ALL.length).toBeGreaterThan(10);
    for (const other of ['', '--help', 'help', 'konvert', 'constructor', '__proto__'])
      expect(names(other)).toEqual(ALL);
  });

  it.each(ALL)('declares %s alone where it is named, as it is among all', (name) => {
    const program = buildProgram(name);
    expect(program.commands.map((one) => one.name())).toEqual([name]);
    const among = buildProgram().commands.find((one) => one.name() === name)!;
    expect(program.commands[0]!.helpInformation()).toBe(among.helpInformation());
  });
});
