/** The value of a variable of the process's environment; undefined if it is not set. May be called on any thread. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name];
}
