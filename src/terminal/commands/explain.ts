import type { Command, CommandContext } from "../command.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";

/** `troupe explain URL`. */
export const EXPLAIN: Command = {
  name: "explain",
  parameters: ["URL"],
  summary: "Say where a request would go, and why: chain, virtual host, each route tried, cluster, hosts",
  flags: [
    { name: "method", value: "METHOD", help: "Default GET" },
    { name: "header", value: "NAME:VALUE", help: "A header of the request; may be repeated", repeated: true },
    { name: "source", value: "ADDRESS", help: "IP address, or ip:port, of the client" },
    { name: "sni", value: "NAME", help: "Server name of the TLS handshake (default: the URL's, with https)" },
    { name: "listener", value: "NAME", help: "The listener that gets it (default: the one that fits the URL)" },
    { name: "config", value: "FILE", help: "Explain it on this configuration instead of the one in force" },
  ],
  async run(context) {
    const { client, terminal, json } = context;
    const body = JSON.stringify(await question(context));
    const target = json ? "/explain?format=json" : "/explain";
    const { status, body: answer } = await client.ask(target, { method: "POST", body });
    if (status === 200) {
      terminal.write(answer);
      return EXIT.ok;
    }
    if (status !== 400) await client.askJson(target, { method: "POST", body });
    throw new CommandFailure(answer.trim(), EXIT.refused);
  },
};

async function question({ parameters, flag, flags, readFile }: CommandContext): Promise<object> {
  const [url = ""] = parameters;
  const config = flag("config");
  const headers: Record<string, string[]> = Object.create(null);
  for (const field of flags("header")) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(field) ?? [];
    if (name === undefined || value === undefined) {
      throw new CommandFailure(`--header "${field}" is no header; give it as NAME:VALUE`);
    }
    headers[name] ??= [];
    headers[name].push(value);
  }
  const given = Object.fromEntries(
    ["method", "source", "sni", "listener"].flatMap((name) => {
      const value = flag(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    url: /^[a-z]+:\/\//.test(url) ? url : `http://${url}`,
    headers,
    ...given,
    ...(config !== undefined && { config: await readFile(config) }),
  };
}
