/** Takes server-sent events out of a text that comes in pieces. Comments and fields other than `data` and `event` are skipped. */
export class EventStreamParser {
  #rest = "";

  /** The events that this piece completes. */
  push(piece: string): { readonly event: string; readonly data: string }[] {
    const blocks = (this.#rest + piece).split(/\r?\n\r?\n/);
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      let event = "message";
      const data: string[] = [];
      for (const line of block.split(/\r?\n/)) {
        if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
        else if (line.startsWith("event:")) event = line.slice(6).trim();
      }
      return data.length === 0 ? [] : [{ event, data: data.join("\n") }];
    });
  }
}
