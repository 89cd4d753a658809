const WORDS: Readonly<Record<string, string>> = {
  ERR_SSL_HTTP_REQUEST: "the client spoke plain HTTP",
  ERR_SSL_HTTPS_PROXY_REQUEST: "the client took this for a forward proxy",
  ERR_SSL_WRONG_VERSION_NUMBER: "what the client sent is no TLS",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "there is no TLS version that both sides allow",
  ERR_SSL_NO_SHARED_CIPHER: "there is no cipher that both sides allow",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "there is no application protocol (ALPN) that both sides know",
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "the client showed no certificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the client does not know who signed the certificate",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "the client refused the certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "the client refused the certificate",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the client says that the certificate has expired",
};

/** Whether a connection that ended in its TLS handshake did so because of an error of TLS, not because somebody left. */
export function isHandshakeFailure(code: string): boolean {
  return code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_");
}

/** Why a TLS handshake with a client failed, in a sentence, by Node's error code. */
export function handshakeFailureInWords(code: string): string {
  const words = WORDS[code];
  return `the TLS handshake failed: ${words === undefined ? code : `${words} (${code})`}`;
}
