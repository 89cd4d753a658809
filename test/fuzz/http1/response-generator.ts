import type { SeededRandom } from "../../harness/seeded-random.ts";
import { MessageGenerator } from "./message-generator.ts";

const VERSIONS = "HTTP/1.1|HTTP/1.1|HTTP/1.0|HTTP/1.2|HTTP/2.0|http/1.1|HTTP/1.1 |".split("|");
const STATUSES =
  "200 OK|204 No|304 Not Modified|404 Not  Found|100 Continue|103 Hints|200|200 |599 \xff|99 X|1000 X|101 X|2x0".split(
    "|",
  );

/** Makes responses that are right, nearly right and wrong: perhaps interim ones, a final one, perhaps something behind it. */
export class ResponseGenerator {
  readonly #messages: MessageGenerator;

  constructor(random: SeededRandom) {
    this.#messages = new MessageGenerator(random);
  }

  /** The next input, as latin1 text. */
  next(): string {
    const messages = this.#messages;
    const { random } = messages;
    messages.care = random.pick([3, 20, 100]);
    let text = "";
    if (random.oneIn(4)) text += `HTTP/1.1 ${random.pick(["100 Continue", "103 Hints"])}\r\n\r\n`;
    text += this.#response();
    if (random.oneIn(10)) text += this.#response();
    for (let count = random.oneIn(2) ? 0 : random.below(3); count > 0; count--) text = messages.mutate(text);
    return text;
  }

  #response(): string {
    const messages = this.#messages;
    const status = messages.random.oneIn(2) ? messages.choose(STATUSES, 2) : STATUSES[0]!;
    return messages.message(`${messages.choose(VERSIONS)} ${status}`, []);
  }
}
