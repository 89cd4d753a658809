/** Whether the words are meant for a command: they begin with a word and not with a flag. */
export function meansCommand(args: readonly string[]): boolean {
  return args[0] !== undefined && /^[a-z]+$/.test(args[0]);
}
