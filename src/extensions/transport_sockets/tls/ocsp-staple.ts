import type { X509Certificate } from "node:crypto";
import { systemClock } from "../../../base/clock.ts";
import type { CompileContext } from "../../../config/compile-context.ts";
import { compileDataSource } from "../../../config/data-source.ts";
import type { Place } from "../../../config/place.ts";
import type { DataSource } from "../../../proto/gen/envoy/config/core/v3/base_pb.js";
import { type DerElement, derElement, derElements } from "./der.ts";
import { sourceLabel } from "./source-label.ts";
import type { OcspStapleData } from "./tls-context-data.ts";

const LARGEST_STAPLE_BYTES = 64 * 1024;
const SUCCESSFUL = 0;

/** What is read out of a DER `OCSPResponse` (RFC 6960, 4.2.1) with one answer. */
interface OcspAnswer {
  /** Lower-case hex, without leading zeros. */
  readonly serialNumber: string;
  readonly expiresAtMs: number | null;
}

/** Reads a staple and checks that it is a good answer about this certificate. Null without one, or after an error. */
export function compileOcspStaple(
  source: DataSource | undefined,
  leaf: X509Certificate,
  place: Place,
  context: CompileContext,
): OcspStapleData | null {
  if (source === undefined) return null;
  const der = compileDataSource(source, LARGEST_STAPLE_BYTES, place, context);
  if (der.length === 0) return null;
  const label = sourceLabel(source);
  let answer: OcspAnswer;
  try {
    answer = readAnswer(der);
  } catch (error) {
    context.error(place, `${label} is no OCSP response: ${(error as Error).message}`, "it must be DER");
    return null;
  }
  if (answer.serialNumber !== leaf.serialNumber.toLowerCase().replace(/^0+/, "")) {
    context.error(place, `the OCSP response in ${label} is about another certificate`);
    return null;
  }
  if (answer.expiresAtMs !== null && answer.expiresAtMs < systemClock.wallMs()) {
    context.warning(place, `the OCSP response in ${label} has expired`);
  }
  return { der, expiresAtMs: answer.expiresAtMs };
}

function readAnswer(der: Uint8Array): OcspAnswer {
  const [status, bytes] = inside(derElement(der));
  if (status?.content[0] !== SUCCESSFUL || bytes === undefined) throw new Error("its status is not successful");
  // ResponseBytes: the type, then a BasicOCSPResponse in an octet string.
  const [, basic] = inside(inside(bytes)[0]);
  const [signed] = inside(derElement(basic?.content ?? new Uint8Array()));
  // Version [0] and responder id [1] or [2] carry context tags; the first plain sequence holds the answers.
  const answers = inside(signed).find(({ tag }) => tag === 0x30);
  const list = inside(answers);
  if (list.length !== 1) throw new Error(`it holds ${list.length} answers, and not one`);
  const [id, , , next] = inside(list[0]);
  const serial = inside(id)[3];
  if (serial === undefined) throw new Error("it names no certificate");
  return {
    serialNumber: Buffer.from(serial.content).toString("hex").replace(/^0+/, ""),
    expiresAtMs: next?.tag === 0xa0 ? timeMs(inside(next)[0]) : null,
  };
}

function inside(element: DerElement | undefined): DerElement[] {
  if (element === undefined) throw new Error("something is missing in it");
  return derElements(element.content);
}

/** `YYYYMMDDHHMMSSZ`. */
function timeMs(element: DerElement | undefined): number | null {
  const text = Buffer.from(element?.content ?? new Uint8Array()).toString("latin1");
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
