// From options to what TLS and a WebSocket are asked for.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parse } from "../../src/cli/parse.ts";
import { SHARED } from "../../src/cli/shared_options.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { headerFields, tlsOptions } from "../../src/cli/wire_settings.ts";
import { certificateTests } from "../support/certificates.ts";

const certificateTest = await certificateTests();

function tls(...args: readonly string[]) {
  return tlsOptions(parse(args, SHARED));
}

function headers(...args: readonly string[]) {
  return headerFields(parse(args, SHARED));
}

certificateTest(
  "tlsOptions asks for what is given, with the contents of the files",
  async ({ folder, ca, alice }) => {
    assertEquals(await tls(), {});
    assertEquals(await tls("--tls"), {});
    assertEquals(
      await tls(
        ...["--cafile", `${folder}/ca.pem`, "--servername", "a"],
        ...["--cert", `${folder}/alice.pem`, "--key", `${folder}/alice.key`],
        ...["--alpn", "x", "--alpn", "mqtt", "--insecure=everything"],
      ),
      {
        caCerts: ca,
        ...alice,
        serverName: "a",
        alpnProtocols: ["x", "mqtt"],
        insecure: "everything",
      },
    );
    assertEquals(await tls("--insecure"), { insecure: "host-name" });
  },
);

certificateTest(
  "tlsOptions takes certificate and key from one file",
  async ({ folder, alice }) => {
    const both = `${folder}/both.pem`;
    await Deno.writeTextFile(both, alice.key + alice.cert);
    const { cert, key } = await tls("--cert", both, "--key", both);
    assertEquals([cert, key], [alice.key + alice.cert, alice.key + alice.cert]);
  },
);

certificateTest(
  "tlsOptions names option and file where a file is of no use",
  async ({ folder }) => {
    const cert = `${folder}/alice.pem`;
    const key = `${folder}/alice.key`;
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [["--cert", cert], "--cert needs --key, the file of its private key"],
      [["--key", key], "--key needs --cert, the file of its certificate"],
      [
        ["--cert", key, "--key", cert],
        `--cert ${key} holds no certificate but a private key`,
      ],
      [
        ["--cert", cert, "--key", cert],
        `--key ${cert} holds no private key but a certificate`,
      ],
      [
        ["--cafile", `${folder}/nothing`],
        `cannot read ${folder}/nothing: there is no such file`,
      ],
      [["--cafile", folder], `cannot read ${folder}: it is a folder`],
    ];
    for (const [args, message] of wrong) {
      const error = await assertRejects(() => tls(...args), UsageError);
      assertEquals(error.message, message);
    }
  },
);

Deno.test("headerFields takes each name once, with what stands behind its first colon", () => {
  assertEquals(headers(), {});
  assertEquals(
    headers(
      ...["--ws-header", "Authorization:  Bearer a:b "],
      ...["--ws-header", "X-Empty:"],
    ),
    { Authorization: "Bearer a:b", "X-Empty": "" },
  );
});

Deno.test("headerFields refuses what is no header field, and shows no value", () => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [["Bearer secret"], "option --ws-header needs 'NAME: VALUE'"],
    [[": secret"], "option --ws-header needs 'NAME: VALUE'"],
    [["a: secret", "A: b"], "option --ws-header gives A twice"],
  ];
  for (const [lines, message] of wrong) {
    const args = lines.flatMap((line) => ["--ws-header", line]);
    const error = assertThrows(() => headers(...args), UsageError);
    assertEquals(error.message, message);
  }
});
