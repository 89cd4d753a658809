import type { SeededRandom } from "../../harness/seeded-random.ts";
import { MessageGenerator } from "./message-generator.ts";

const METHODS = "GET|POST|PUT|HEAD|OPTIONS|DELETE|PATCH|TRACE|QUERY|get|FROB|G|".split("|");
const TARGETS = "/|/a?b|*|http://b/|http://b:8080/p?q|http://b?q|//x|/%2e%2e|/a#b|a|http://u@b/|/\xe9".split("|");
const VERSIONS = "HTTP/1.1|HTTP/1.1|HTTP/1.0|HTTP/1.2|HTTP/2.0|http/1.1|HTTP/1.1 |".split("|");
const HOSTS = "a|a:80|[::1]|a,b||a/b|a:99999".split("|");

/** Makes requests that are right, nearly right and wrong, one, two or three behind each other. */
export class RequestGenerator {
  readonly #messages: MessageGenerator;

  constructor(random: SeededRandom) {
    this.#messages = new MessageGenerator(random);
  }

  /** The next input, as latin1 text. */
  next(): string {
    const messages = this.#messages;
    const { random } = messages;
    // Most inputs have few mistakes, or they would all end at the first line.
    messages.care = random.pick([3, 20, 100]);
    let text = "";
    for (let count = 1 + random.below(3); count > 0; count--) text += this.#request();
    for (let count = random.oneIn(2) ? 0 : random.below(3); count > 0; count--) text = messages.mutate(text);
    return text;
  }

  #request(): string {
    const messages = this.#messages;
    const { random } = messages;
    const method = random.pick(random.oneIn(3) ? METHODS : ["GET", "POST"]);
    const startLine = `${method} ${messages.choose(TARGETS, 4)} ${messages.choose(VERSIONS)}`;
    return messages.message(startLine, [`Host: ${messages.choose(HOSTS)}`]);
  }
}
