import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { actorPath } from "./actor-knowledge.ts";
import { postJson, request } from "./api.ts";
import { html } from "./html.ts";

interface Stack {
  readonly thread: string;
  readonly running: boolean;
  readonly frames: readonly {
    readonly function: string;
    readonly file: string;
    readonly line: number;
    readonly column: number;
  }[];
}

interface ProfileFile {
  readonly name: string;
  readonly url: string;
}

const SECONDS = 5;

/** Where the thread of an actor is, and profiles of it as files for Chrome DevTools. */
export function ActorProfile({ id }: { readonly id: string }): VNode {
  const [state, setState] = useState("");
  const [stack, setStack] = useState<Stack | undefined>(undefined);
  const [file, setFile] = useState<ProfileFile | undefined>(undefined);
  useEffect(() => () => URL.revokeObjectURL(file?.url ?? ""), [file]);
  const busy = state.endsWith("…");
  const run = async (said: string, what: () => Promise<string>): Promise<void> => {
    setState(said);
    try {
      setState(await what());
    } catch (error) {
      setState(error instanceof Error ? error.message : String(error));
    }
  };
  const look = (): Promise<void> =>
    run("Looking …", async () => {
      setStack(await postJson<Stack>(actorPath(id, "/stack?format=json"), ""));
      return "";
    });
  const profile = (kind: "cpuprofile" | "heapprofile"): Promise<void> =>
    run(`Profiling for ${SECONDS} s …`, async () => {
      const answer = await request(actorPath(id, `/${kind}?seconds=${SECONDS}`), { method: "POST" });
      const name = `${id.split("/").at(-1) ?? id}.${kind}`;
      setFile({ name, url: URL.createObjectURL(await answer.blob()) });
      return "";
    });
  return html`<p class="buttons">
      <button disabled=${busy} onClick=${() => void look()}>Where is it now?</button>
      <button disabled=${busy} onClick=${() => void profile("cpuprofile")}>CPU profile</button>
      <button disabled=${busy} onClick=${() => void profile("heapprofile")}>Allocation profile</button>
      <span class="note" role="status">${state}</span>
    </p>
    ${file !== undefined && html`<p>Done: <a href=${file.url} download=${file.name}>${file.name}</a>, for Chrome DevTools.</p>`}
    ${stack !== undefined && html`<pre class="log">${stackText(stack)}</pre>`}
    <p class="note">Both work for a thread that hangs, too. They hold names of functions and files, no data.</p>` as unknown as VNode;
}

function stackText({ thread, running, frames }: Stack): string {
  if (!running) return `${thread} runs no JavaScript at the moment.`;
  const lines = frames.map(
    ({ function: name, file, line, column }) => `  at ${name || "(anonymous)"} (${file}:${line}:${column})`,
  );
  return [`${thread} is here:`, ...lines].join("\n");
}
