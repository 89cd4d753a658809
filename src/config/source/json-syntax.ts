const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** What may stand next. */
type Expected = "value" | "first item" | "key" | "first key" | "colon" | "comma or end" | "nothing";

/** Where a text stops being JSON, and what was expected there. For texts that `JSON.parse` refused without saying where. */
export function jsonSyntaxError(text: string): { readonly offset: number; readonly message: string } {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  const afterValue = (): Expected => (open.length === 0 ? "nothing" : "comma or end");
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const character = text[at]!;
    const wantsValue: boolean = expected === "value" || expected === "first item";
    if ((character === "{" || character === "[") && wantsValue) {
      open.push(character);
      expected = character === "{" ? "first key" : "first item";
      at++;
    } else if (closes(character, open.at(-1), expected)) {
      open.pop();
      expected = afterValue();
      at++;
    } else if (character === "," && expected === "comma or end") {
      expected = open.at(-1) === "{" ? "key" : "value";
      at++;
    } else if (character === ":" && expected === "colon") {
      expected = "value";
      at++;
    } else if (character === '"' && (wantsValue || expected === "key" || expected === "first key")) {
      const end = stringEnd(text, at);
      if (end === undefined) return { offset: at, message: "this string does not end, or has an invalid escape" };
      expected = wantsValue ? afterValue() : "colon";
      at = end;
    } else {
      LITERAL.lastIndex = at;
      if (!wantsValue || !LITERAL.test(text)) return { offset: at, message: describe(text, at, expected) };
      expected = afterValue();
      at = LITERAL.lastIndex;
    }
  }
  return {
    offset: text.length,
    message: expected === "nothing" ? "no valid JSON" : `the text ends, expected ${expected}`,
  };
}

function closes(character: string, opened: "{" | "[" | undefined, expected: Expected): boolean {
  if (character === "}") return opened === "{" && (expected === "comma or end" || expected === "first key");
  return character === "]" && opened === "[" && (expected === "comma or end" || expected === "first item");
}

function describe(text: string, at: number, expected: Expected): string {
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(at)!));
  return `unexpected ${found}, expected ${expected.replace("first ", "")}`;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (" \t\r\n".includes(text[at] ?? "x")) at++;
  return at;
}

/** Offset behind the string that starts at `at`; undefined if it is no valid one. */
function stringEnd(text: string, at: number): number | undefined {
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 0x22) return end + 1;
    if (code < 0x20) return undefined;
    if (code !== 0x5c) continue;
    const sequence = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
    sequence.lastIndex = end + 1;
    const match = sequence.exec(text);
    if (match === null) return undefined;
    end += match[0].length;
  }
  return undefined;
}
