import type { TestContext } from "node:test";
import { Http1Client } from "./http1-client.ts";

/** Connections to a port, as many that each of two workers has some; they end with the test. */
export async function clientsOfAllWorkers(t: TestContext, port: number): Promise<readonly Http1Client[]> {
  const clients = await Promise.all(Array.from({ length: 8 }, () => Http1Client.connect(port)));
  t.after(() => {
    for (const client of clients) client.close();
  });
  return clients;
}
