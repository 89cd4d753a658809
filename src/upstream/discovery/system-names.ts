import { readFileSync } from "node:fs";
import { isIP } from "node:net";

/** A domain name is at most so long. */
const MAX_SEARCH_DOMAINS = 6;

/** What the system's files say of names: c-ares, as Node.js uses it, asks name servers only and looks at none of them. */
export interface SystemNames {
  /** Addresses of a name in the hosts file; empty if it isn't there. */
  hostsFileAddresses(name: string): readonly string[];
  /** The names to ask for in turn, where `name` stands in the configuration. */
  candidates(name: string): readonly string[];
}

/**
 * `/etc/hosts` and the `search` and `ndots` of `/etc/resolv.conf`, read anew for each question: they are short, and in a container they
 * change. A file that can't be read counts as empty. Source: hosts(5), resolv.conf(5).
 */
export class SystemNameFiles implements SystemNames {
  readonly #hostsFile: string;
  readonly #resolvFile: string;

  constructor(hostsFile = "/etc/hosts", resolvFile = "/etc/resolv.conf") {
    this.#hostsFile = hostsFile;
    this.#resolvFile = resolvFile;
  }

  hostsFileAddresses(name: string): readonly string[] {
    const wanted = withoutRootDot(name).toLowerCase();
    const addresses: string[] = [];
    for (const [address = "", ...names] of words(this.#hostsFile)) {
      if (isIP(address) !== 0 && names.some((each) => each.toLowerCase() === wanted)) addresses.push(address);
    }
    return addresses;
  }

  candidates(name: string): readonly string[] {
    if (name.endsWith(".")) return [withoutRootDot(name)];
    let [search, ndots]: [readonly string[], number] = [[], 1];
    for (const [keyword, ...values] of words(this.#resolvFile)) {
      if (keyword === "search" || keyword === "domain") search = values.slice(0, MAX_SEARCH_DOMAINS);
      for (const value of keyword === "options" ? values : []) {
        const given = /^ndots:(\d{1,2})$/.exec(value)?.[1];
        if (given !== undefined) ndots = Math.min(15, Number(given));
      }
    }
    const searched = search.map((domain) => `${name}.${withoutRootDot(domain)}`);
    return name.split(".").length - 1 >= ndots ? [name, ...searched] : [...searched, name];
  }
}

function withoutRootDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

/** The words of each line, without comments. */
function words(file: string): string[][] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .map((line) => line.replace(/[#;].*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/));
}
