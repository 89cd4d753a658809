/** Exit codes of the commands. */
export const EXIT = {
  ok: 0,
  /** The proxy answered, and the answer is no: refused, not found, not valid. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** There is no proxy at the address, or it does not answer. */
  unreachable: 3,
} as const;

/** Why a command can't do what it is told: one line for people, which says what to do. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.usage) {
    super(message);
    this.exitCode = exitCode;
  }
}
