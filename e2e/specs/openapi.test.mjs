// The HTTP API against its own description, by a schema tester: no 5xx, no answer that is not described.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { AUTHORIZATION } from '../support/api.mjs';
import { withStack } from '../support/stack.mjs';

const TESTER = process.env.SCHEMATHESIS;
const CHECKS = [
  'not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance',
  'response_schema_conformance', 'negative_data_rejection', 'missing_required_header', 'unsupported_method',
];

test('a schema tester finds no 5xx and no undocumented answer', async () => {
  assert.ok(TESTER, 'SCHEMATHESIS is not set, expected the path of the schema tester: run this through `cargo xtask test`');
  await withStack('openapi', { settings: { api: { requests_per_second: 10_000 } } }, async ({ direct, folder }) => {
    const tester = spawn(TESTER, [
      'run', `${direct}/openapi.json`,
      '--header', `Authorization: ${AUTHORIZATION}`,
      '--checks', CHECKS.join(','),
      '--max-examples', '60',
      '--seed', '1',
      '--request-timeout', '120',
      '--suppress-health-check', 'too_slow',
      '--warnings', 'off',
      '--no-color',
    ], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let report = '';
    tester.stdout.on('data', (part) => { report += part; });
    tester.stderr.on('data', (part) => { report += part; });
    const [code] = await once(tester, 'close');
    assert.equal(code, 0, report.slice(-8000));
    assert.match(report, /No issues found/, report.slice(-2000));
  });
});
