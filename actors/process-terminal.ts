import type { Terminal } from "../src/terminal/command.ts";

/** The terminal that this process was started on. */
export function processTerminal(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): Terminal {
  // A reader that has had enough, such as head, is no fault.
  stdout.on("error", () => {});
  return {
    write: (text) => void stdout.write(text),
    isTerminal: stdout.isTTY === true && stdin.isTTY === true,
    hasColours: stdout.isTTY === true && stdout.hasColors(),
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    onKey(listener, until) {
      if (until.aborted) return;
      const onData = (data: Buffer): void => {
        for (const key of keysOf(data.toString("latin1"))) listener(key);
      };
      stdin.setRawMode(true);
      stdin.on("data", onData);
      stdin.resume();
      until.addEventListener("abort", () => {
        stdin.off("data", onData);
        stdin.setRawMode(false);
        stdin.pause();
      });
    },
    onResize(listener, until) {
      stdout.on("resize", listener);
      until.addEventListener("abort", () => stdout.off("resize", listener));
    },
  };
}

/** Keys may come several at a time; an arrow is three bytes. */
function keysOf(text: string): string[] {
  return text.match(/\u001b\[[A-Z]|[\s\S]/g) ?? [];
}
