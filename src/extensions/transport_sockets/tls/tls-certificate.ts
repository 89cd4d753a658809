import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { systemClock } from "../../../base/clock.ts";
import type { CompileContext } from "../../../config/compile-context.ts";
import { compileDataSource } from "../../../config/data-source.ts";
import type { Place } from "../../../config/place.ts";
import type { TlsCertificate } from "../../../proto/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import { certificateExtension } from "./der.ts";
import { compileOcspStaple } from "./ocsp-staple.ts";
import { pemCertificates } from "./pem.ts";
import { LARGEST_PEM_BYTES, sourceLabel } from "./source-label.ts";
import { subjectAltNames } from "./subject-alt-names.ts";
import type { TlsCertificateData } from "./tls-context-data.ts";

const SMALLEST_RSA_BITS = 2048;
/** RFC 7633: the TLS features that a certificate demands; 5 is the staple. */
const TLS_FEATURE = "1.3.6.1.5.5.7.1.24";

/**
 * Reads a certificate with its key and checks that a handshake can use them: readable, of a size that peers accept, made for each
 * other. What is wrong is reported with the file's name; undefined then. One that is out of its time is only warned of, because
 * Envoy serves it.
 */
export function compileTlsCertificate(
  message: TlsCertificate,
  place: Place,
  context: CompileContext,
): TlsCertificateData | undefined {
  const chainPlace = place.field("certificate_chain");
  const keyPlace = place.field("private_key");
  if (message.certificateChain === undefined || message.privateKey === undefined) {
    const missing = message.certificateChain === undefined ? chainPlace : keyPlace;
    context.error(missing, `a TLS certificate needs a ${missing.step}`, "give its filename");
    return undefined;
  }
  const chainPem = readText(message.certificateChain, chainPlace, context);
  const keyPem = readText(message.privateKey, keyPlace, context);
  const password = message.password && readText(message.password, place.field("password"), context);
  const source = sourceLabel(message.certificateChain);
  const chain = chainPem === "" ? undefined : readChain(chainPem, source, chainPlace, context);
  const key = keyPem === "" ? undefined : readKey(keyPem, password, sourceLabel(message.privateKey), keyPlace, context);
  const leaf = chain?.[0];
  if (leaf === undefined || key === undefined) return undefined;
  if (!leaf.checkPrivateKey(key)) {
    const keySource = sourceLabel(message.privateKey);
    context.error(keyPlace, `the key in ${keySource} does not belong to the certificate in ${source}`);
    return undefined;
  }
  const keyType = key.asymmetricKeyType === "ec" ? "ec" : "rsa";
  checkKey(key, source, chainPlace, context);
  warnOfTime(leaf, source, chainPlace, context);
  return {
    source,
    chainPem,
    keyPem: key.export({ type: "pkcs8", format: "pem" }) as string,
    keyType,
    serverNames: serverNames(leaf),
    expiresAtMs: Date.parse(leaf.validTo),
    ocspStaple: compileOcspStaple(message.ocspStaple, leaf, place.field("ocsp_staple"), context),
    mustStaple: certificateExtension(leaf.raw, TLS_FEATURE) !== null,
  };
}

/** Warns of a certificate that is not valid now. */
export function warnOfTime(certificate: X509Certificate, source: string, place: Place, context: CompileContext): void {
  const now = systemClock.wallMs();
  const subject = certificate.subject?.replaceAll("\n", ", ") ?? "no subject";
  const what = `the certificate in ${source} (${subject})`;
  if (now > Date.parse(certificate.validTo)) {
    context.warning(place, `${what} has expired: it was valid until ${certificate.validTo}`);
  } else if (now < Date.parse(certificate.validFrom)) {
    context.warning(place, `${what} is not valid yet: it will be from ${certificate.validFrom}`);
  }
}

function readText(source: NonNullable<TlsCertificate["privateKey"]>, place: Place, context: CompileContext): string {
  return Buffer.from(compileDataSource(source, LARGEST_PEM_BYTES, place, context)).toString("utf8");
}

function readChain(pem: string, source: string, place: Place, context: CompileContext): X509Certificate[] | undefined {
  try {
    const chain = pemCertificates(pem);
    if (chain.length > 0) return chain;
    context.error(place, `there is no certificate in ${source}`, "it must be PEM: -----BEGIN CERTIFICATE-----");
  } catch (error) {
    context.error(place, `a certificate in ${source} can't be read: ${(error as Error).message}`);
  }
  return undefined;
}

function readKey(
  pem: string,
  password: string | undefined,
  source: string,
  place: Place,
  context: CompileContext,
): KeyObject | undefined {
  try {
    return createPrivateKey(password === undefined ? pem : { key: pem, passphrase: password });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_MISSING_PASSPHRASE" || (/ENCRYPTED/.test(pem) && password === undefined)) {
      context.error(place, `the key in ${source} is encrypted`, "give its password");
    } else if (/ENCRYPTED/.test(pem)) {
      context.error(place, `the key in ${source} can't be decrypted with the password that is given`);
    } else {
      context.error(place, `the key in ${source} can't be read: ${message}`);
    }
    return undefined;
  }
}

function checkKey(key: KeyObject, source: string, place: Place, context: CompileContext): void {
  const type = key.asymmetricKeyType;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (type !== "rsa" && type !== "ec") {
    context.error(place, `the certificate in ${source} has a key of type ${type}`, "RSA and ECDSA are supported");
  } else if (type === "rsa" && bits < SMALLEST_RSA_BITS) {
    const hint = `RSA keys need at least ${SMALLEST_RSA_BITS} bits`;
    context.error(place, `the certificate in ${source} has an RSA key of ${bits} bits`, hint);
  }
}

/** What SNI can match: DNS names; the common name only without any alternative names (RFC 6125, 6.4.4). */
function serverNames(leaf: X509Certificate): string[] {
  const sans = subjectAltNames(leaf.raw);
  if (sans !== null) return sans.filter(({ type }) => type === "dns").map(({ value }) => value.toLowerCase());
  const commonName = /^CN=(.+)$/m.exec(leaf.subject ?? "")?.[1];
  return commonName === undefined ? [] : [commonName.toLowerCase()];
}
