import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../support/folder.ts';

const root = resolve(import.meta.dirname, '../..');
const cli = join(root, 'main/cli.ts');

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(file: string, args: readonly string[], node = process.execPath): Promise<Ran> {
  const child = spawn(node, [file, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: undefined } });
  let out = '';
  let err = '';
  child.stdout.on('data', (part) => (out += String(part)));
  child.stderr.on('data', (part) => (err += String(part)));
  return new Promise((done) => child.once('close', (code) => done({ code, out, err })));
}

const goodRules = `groups:
  - name: shop
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
`;
const ruleTest = (value: number): string => `rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: up{job="shop"}
        values: 1 1 1
    promql_expr_test:
      - expr: job:up:sum
        eval_time: 2m
        exp_samples:
          - labels: job:up:sum{job="shop"}
            value: ${value}
`;

/** A folder with what a person might check. */
function files(): string {
  const folder = tempFolder();
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('rules.yml', goodRules);
  write('bad-rules.yml', goodRules.replace('sum by (job) (up)', 'sum by (job) (up'));
  write('signalbox.yml', 'scrape_configs:\n  - job_name: shop\n    static_configs: [{ targets: ["127.0.0.1:1"] }]\nrule_files: ["*rules.yml"]\n');
  write('good.yml', 'scrape_configs: []\nrule_files: [rules.yml]\n');
  write('alertmanager.yml', 'route: { receiver: nobody }\nreceivers: [{ name: somebody }]\n');
  write('passes.test.yml', ruleTest(1));
  write('fails.test.yml', ruleTest(2));
  write('script.test', 'load 1m\n  up 1 2 3\n\neval instant at 1m up\n  up 2\n\neval instant at 1m up\n  up 3\n');
  return folder;
}

describe('the command line', () => {
  const rows: readonly [args: string, code: number, out: RegExp, err: RegExp][] = [
    ['help', 0, /signalbox serve \[--port N\][\s\S]*signalbox doctor/, /^$/],
    ['-h', 0, /signalbox serve[\s\S]*"signalbox help COMMAND" says/, /^$/],
    ['help query', 0, /^signalbox query EXPR [^\n]*\n {4}asks a PromQL question\n[\s\S]* {2}--step +how far apart/, /^$/],
    ['query up --help', 0, /^signalbox query EXPR (?:(?!--rules)[\s\S])*$/, /^$/],
    ['practice -h', 0, /--fault +breaks something at once: latency, errors, /, /^$/],
    ['help nosuch', 0, /signalbox serve \[--port N\]/, /^$/],
    [
      'practice --users -4',
      2,
      /^$/,
      /^signalbox practice: --users needs a value; write --users=VALUE where the value begins with a dash; usage: [^\n]*\n$/,
    ],
    ['version', 0, /^\d+\.\d+\.\d+\n$/, /^$/],
    ['--version', 0, /^\d+\.\d+\.\d+\n$/, /^$/],
    ['', 2, /signalbox serve/, /^$/],
    ['servee', 2, /^$/, /^signalbox servee: there is no command named servee; "signalbox help" lists them\n$/],
    ['serve --prot 1', 2, /^$/, /^signalbox serve: Unknown option '--prot'.*; usage: signalbox serve /],
    ['serve --port 99999', 2, /^$/, /^signalbox serve: --port must be a port number, not "99999"; usage/],
    ['serve --web.external-url ops.example.com', 2, /^$/, /--web.external-url must be an address such as http.*, not "ops.example.com"; usage/],
    ['serve --web.external-url ftp://box/', 2, /^$/, /--web.external-url must be an address/],
    ['serve now', 2, /^$/, /^signalbox serve: "now" is one argument too many; usage/],
    ['check', 2, /^$/, /^signalbox check: say what to check, and name a file; usage/],
    ['check constructor rules.yml', 2, /^$/, /^signalbox check: say what to check/],
    ['check rules missing.yml', 1, /^$/, /^signalbox check: missing.yml is not there\n$/],
    ['check rules FOLDER/rules.yml', 0, /rules.yml: good, 1 rules in 1 groups\n$/, /^$/],
    ['check rules FOLDER/bad-rules.yml', 1, /^$/, /bad-rules.yml:5: /],
    ['check config FOLDER/good.yml', 1, /^$/, /alertmanager.yml:1: .*nobody/],
    ['check config FOLDER/signalbox.yml', 1, /^$/, /bad-rules.yml:5: /],
    ['check alertmanager FOLDER/alertmanager.yml', 1, /^$/, /alertmanager.yml:1: .*nobody/],
    ['test rules FOLDER/passes.test.yml', 0, /^1 passed, 0 failed\n$/, /^$/],
    ['test rules FOLDER/fails.test.yml', 1, /^0 passed, 1 failed\n$/, /fails.test.yml:\d+: /],
    ['test rules FOLDER/passes.test.yml FOLDER/fails.test.yml', 1, /^1 passed, 1 failed\n$/, /fails/],
    ['test promql FOLDER/script.test', 1, /^1 passed, 1 failed\n$/, /script.test:7: /],
    ['query', 2, /^$/, /^signalbox query: give one expression, in quotes; usage/],
    ['query up --data FOLDER/none', 1, /^$/, /^signalbox query: there is no data in .*none; name its folder with --data\n$/],
    ['query up --start 1', 2, /^$/, /^signalbox query: a range needs --end; usage/],
    ['query up --time noon', 2, /^$/, /^signalbox query: --time "noon" is neither RFC 3339 nor Unix seconds; usage/],
    ['query up --start 1 --end 2 --step x', 2, /^$/, /--step "x" is neither a duration such as 30s nor seconds; usage/],
    ['query up --data FOLDER', 1, /^$/, /^signalbox query: .* holds no metrics; name a data folder\n$/],
    ['drill list', 2, /^$/, /^signalbox drill: not yet supported\n$/],
    ['import /no/such/file', 1, /^$/, /^signalbox import: there is no file or folder \/no\/such\/file\n$/],
    ['rootcause --case none', 2, /^$/, /^signalbox rootcause: a ranking needs --start; usage: /],
  ];

  test.concurrent.for(rows)('%s', async ([args, code, out, err], { expect }) => {
    const folder = args.includes('FOLDER') ? files() : '';
    const ran = await run(
      cli,
      args
        .split(' ')
        .filter((arg) => arg !== '')
        .map((arg) => arg.replace('FOLDER', folder)),
    );
    expect(ran).toEqual({ code, out: expect.stringMatching(out) as string, err: expect.stringMatching(err) as string });
  });
});

/** A disk that is full, read-only or not one's own: no test may need another user for it, so a folder stands where a file is read. */
test('what the operating system refuses is one sentence, with the place', async () => {
  const folder = tempFolder();
  expect(await run(cli, ['check', 'config', folder])).toEqual({
    code: 1,
    out: '',
    err: expect.stringMatching(/^signalbox check: [^\n]+\n$/) as string,
  });
  writeFileSync(join(folder, 'file'), '');
  expect(await run(cli, ['import', join(folder, 'file'), '--data', join(folder, 'file/data')])).toEqual({
    code: 1,
    out: '',
    err: `signalbox import: ${join(folder, 'file/data/live')} lies below what is no folder; name another place\n`,
  });
});

describe('import', () => {
  test('says of each file once what was wrong, and leaves no empty case behind', async () => {
    const data = tempFolder();
    writeFileSync(join(data, 'odd.csv'), 'a,b\n1\n');
    expect(await run(cli, ['import', join(data, 'odd.csv'), '--case', 'night', '--data', data])).toEqual({
      code: 1,
      out: `${join(data, 'odd.csv')}: not understood: no format that is known here: "a,b"\n1 file: nothing in it; 1 file was not understood\nNo case was made.\n`,
      err: '',
    });
    expect(existsSync(join(data, 'cases/night'))).toBe(false);
  });

  test('says where what was understood can be looked at; what goes wrong later leaves the case alone', async () => {
    const data = tempFolder();
    writeFileSync(join(data, 'up.prom'), 'up 1 1767583530000\n');
    writeFileSync(join(data, 'odd.csv'), 'a,b\n1\n');
    const good = await run(cli, ['import', join(data, 'up.prom'), '--case', 'night', '--data', data]);
    expect(good.code).toBe(0);
    expect(good.out).toMatch(/\n1 file: 1 samples\nOpen it in the app under Cases, or ask it: signalbox query EXPR --case night\n$/);
    expect((await run(cli, ['import', join(data, 'odd.csv'), '--case', 'night', '--data', data])).code).toBe(1);
    expect((await run(cli, ['query', 'up', '--case', 'night', '--json', '--data', data])).out).toContain('"value":[1767583530,"1"]');
  });
});

describe('bin.js', () => {
  const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find((file) => {
    const [major] = existsSync(file) ? spawnSync(file, ['--version']).stdout.toString().slice(1).split('.') : [];
    return major !== undefined && Number(major) < 24;
  });

  /** A copy of the first file alone, as an installation would have it. */
  function alone(): string {
    const folder = tempFolder();
    mkdirSync(join(folder, 'main'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'main/bin.js'), spawnSync('cat', [join(root, 'main/bin.js')]).stdout);
    return join(folder, 'main/bin.js');
  }

  test.skipIf(oldNode === undefined)("under an older Node goes on under the project's own", async () => {
    expect(await run(join(root, 'main/bin.js'), ['drill', 'list'], oldNode)).toMatchObject({ code: 2, err: 'signalbox drill: not yet supported\n' });
  });

  test.skipIf(oldNode === undefined)('under an older Node without one says what is needed', async () => {
    expect(await run(alone(), ['help'], oldNode)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^signalbox: this is Node \d+\.\d+\.\d+; Signalbox needs 24 or newer: install it and try again\n$/) as string,
    });
  });

  test.each(['start', 'serve', 'practice'])('%s without a build and the tool to make one says what to do', async (command) => {
    expect(await run(alone(), [command])).toMatchObject({
      code: 1,
      err: 'signalbox: there is no build of the screen and no tool to make one; run "npm ci" first\n',
    });
  });
});
