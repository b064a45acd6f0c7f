/** Lines as the senders of the field write them, one a form: what each is taken for, when it was, and how bad. */
import { expect, test } from 'vitest';
import { LogLines } from '#core/formats/index.ts';
import type { LogRecord } from '#core/model/index.ts';

const nowMs = Date.parse('2026-11-21T14:00:00Z');

/** Milliseconds are given where there are no digits below them. */
function iso({ timeNs }: LogRecord): string {
  const below = String(timeNs % 1_000_000n).padStart(6, '0');
  return `${new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, -1)}${below === '000000' ? '' : below}Z`;
}

const senders: readonly (readonly [line: string, format: string, time: string, level: string])[] = [
  ['I0517 15:04:22.619632       1 controller.go:84] "Starting" controller="node"', 'klog', '2026-05-17T15:04:22.619632000Z', 'info'],
  [
    'W1121 09:00:00.000001   12345 reflector.go:533] k8s.io/client-go/informers/factory.go:150: watch of *v1.Pod ended',
    'klog',
    '2026-11-21T09:00:00.000001000Z',
    'warning',
  ],
  ['F1121 09:00:00.000001 7 main.go:12] cannot listen', 'klog', '2026-11-21T09:00:00.000001000Z', 'critical'],
  ['E1121 09:00:00.123 1 x_test.go:9] short', 'klog', '2026-11-21T09:00:00.123Z', 'error'],
  ['2026-01-05T03:00:00.123456789+02:00 stderr F E0105 03:00:00.1 1 a.go:1] bad', 'CRI', '2026-01-05T01:00:00.123456789Z', 'error'],
  [
    '{"log":"level=warn msg=x\\n","stream":"stdout","attrs":{"tag":"web"},"time":"2026-01-05T03:00:00.123456789Z"}',
    'Docker json-file',
    '2026-01-05T03:00:00.123456789Z',
    'warning',
  ],
  ["<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8", 'syslog (RFC 3164)', '2026-10-11T22:14:15.000Z', 'critical'],
  ['<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!', 'syslog (RFC 3164)', '2026-02-05T17:32:18.000Z', 'info'],
  [
    "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
    'syslog (RFC 5424)',
    '2003-08-24T12:14:15.000003000Z',
    'info',
  ],
  [
    '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="App\\"x\\]" eventID="1011"][examplePriority@32473 class="high"] BOM\'An event',
    'syslog (RFC 5424)',
    '2003-10-11T22:14:15.003Z',
    'info',
  ],
  ['<0>1 - - - - - - kernel gone', 'syslog (RFC 5424)', '2026-11-21T14:00:00.000Z', 'critical'],
  ['2026-01-05T03:00:00.123456+00:00 web1 systemd[1]: Started nginx.', 'syslog (RFC 3164)', '2026-01-05T03:00:00.123456000Z', 'unknown'],
  [
    '2026-01-05T03:00:00+01:00 web1 kernel: [12345.678901] Out of memory: Killed process 12 (java)',
    'syslog (RFC 3164)',
    '2026-01-05T02:00:00.000Z',
    'unknown',
  ],
  [
    '<30>2026-01-05T03:00:00Z web1 dockerd[800]: time="2026-01-05T03:00:00Z" level=info msg="x"',
    'syslog (RFC 3164)',
    '2026-01-05T03:00:00.000Z',
    'info',
  ],
  ['Jan  5 03:00:00 fw kernel: IN=eth0 OUT= SRC=1.2.3.4 DST=5.6.7.8', 'syslog (RFC 3164)', '2026-01-05T03:00:00.000Z', 'unknown'],
  ['%ASA-6-302013: Built outbound TCP connection', 'unknown', '2026-11-21T14:00:00.000Z', 'info'],
  ['Jan 05 2026 03:00:00 fw1 : %ASA-4-106023: Deny tcp src', 'text', '2026-01-05T03:00:00.000Z', 'warning'],
  ['*Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured from console', 'text', '2026-03-01T18:46:11.123Z', 'info'],
  ['127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326', 'access log', '2000-10-10T20:55:36.000Z', 'info'],
  [
    '192.168.1.9 - - [05/Jan/2026:03:00:00 +0000] "POST /api HTTP/2.0" 502 157 "-" "Go-http-client/2.0" 0.123 0.120 upstream=10.0.0.1:8080',
    'access log',
    '2026-01-05T03:00:00.000Z',
    'error',
  ],
  [
    '2026/01/05 03:00:00 [error] 12#12: *34 connect() failed (111: Connection refused) while connecting to upstream, client: 1.2.3.4',
    'text',
    '2026-01-05T03:00:00.000Z',
    'error',
  ],
  ['2026/01/05 03:00:00 [warn] 7#7: *1 an upstream response is buffered', 'text', '2026-01-05T03:00:00.000Z', 'warning'],
  [
    '[Mon Jan 05 03:00:00.123456 2026] [core:error] [pid 12:tid 140] [client 1.2.3.4:5] AH00037: Symbolic link',
    'text',
    '2026-01-05T03:00:00.123456000Z',
    'error',
  ],
  ['[Mon Jan 05 03:00:00 2026] [notice] Apache configured', 'text', '2026-01-05T03:00:00.000Z', 'info'],
  [
    'Jan  5 03:00:00 lb haproxy[14389]: 10.0.1.2:33317 [05/Jan/2026:03:00:00.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"',
    'syslog (RFC 3164)',
    '2026-01-05T03:00:00.000Z',
    'unknown',
  ],
  [
    '[2026-01-05T03:00:00.123Z] "GET /status/503 HTTP/1.1" 503 - via_upstream - "-" 0 0 2 1 "-" "curl" "id" "host" "10.1.1.1:80"',
    'access log',
    '2026-01-05T03:00:00.123Z',
    'error',
  ],
  ['[2026-01-05 03:00:00.123][12][warning][config] [source/server/lds.cc:60] gRPC config rejected', 'text', '2026-01-05T03:00:00.123Z', 'warning'],
  ['2026-01-05 03:00:00 10.0.0.4 GET /default.htm - 80 - 10.0.0.9 Mozilla/5.0 - 500 0 0 46', 'text', '2026-01-05T03:00:00.000Z', 'unknown'],
  [
    'http 2026-01-05T03:00:00.186641Z app/my-lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - -',
    'access log',
    '2026-01-05T03:00:00.186641000Z',
    'info',
  ],
  [
    '2026-01-05T03:00:00.123Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 502 502 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl" - -',
    'access log',
    '2026-01-05T03:00:00.123Z',
    'error',
  ],
  ['level=info ts=2026-01-05T03:00:00.123Z caller=main.go:1 msg="say \\"hi\\" = ok" err="a=b c"', 'logfmt', '2026-01-05T03:00:00.123Z', 'info'],
  ['t=2026-01-05T03:00:00+0100 lvl=eror msg="x" logger=context', 'logfmt', '2026-01-05T02:00:00.000Z', 'error'],
  ['ts=1767582000123 level=WARN component=x', 'logfmt', '2026-01-05T03:00:00.123Z', 'warning'],
  ['time=2026-01-05T03:00:00.123+01:00 level=ERROR source=main.go:9 msg="slog text" err="boom"', 'logfmt', '2026-01-05T02:00:00.123Z', 'error'],
  ['time="2026-01-05 03:00:00" level=fatal msg="x y"', 'logfmt', '2026-01-05T03:00:00.000Z', 'critical'],
  [
    'at=info method=GET path=/ host=x request_id=1 dyno=web.1 connect=1ms service=18ms status=200 bytes=13',
    'logfmt',
    '2026-11-21T14:00:00.000Z',
    'info',
  ],
  [
    '2026-01-05T03:00:00.123456+00:00 heroku[router]: at=error code=H12 desc="Request timeout" method=GET path=/ status=503',
    'text',
    '2026-01-05T03:00:00.123456000Z',
    'error',
  ],
  ['2026-01-05 03:00:00.123 UTC [1234] LOG:  duration: 12.5 ms  statement: SELECT 1', 'text', '2026-01-05T03:00:00.123Z', 'info'],
  ['2026-01-05 03:00:00.123 UTC [1234] user@db ERROR:  relation "x" does not exist at character 15', 'text', '2026-01-05T03:00:00.123Z', 'error'],
  ['2026-01-05 03:00:00 GMT FATAL:  password authentication failed', 'text', '2026-01-05T03:00:00.000Z', 'critical'],
  [
    "2026-01-05T03:00:00.123456Z 8 [Warning] [MY-010055] [Server] IP address '1.2.3.4' could not be resolved",
    'text',
    '2026-01-05T03:00:00.123456000Z',
    'warning',
  ],
  ['2026-01-05T03:00:00.123456Z 0 [ERROR] [MY-012574] [InnoDB] Unable to lock', 'text', '2026-01-05T03:00:00.123456000Z', 'error'],
  ['260105  3:00:00 [Note] Event Scheduler: Loaded', 'text', '2026-01-05T03:00:00.000Z', 'info'],
  ['2026-01-05  3:00:00 139 [Warning] Aborted connection', 'text', '2026-01-05T03:00:00.000Z', 'warning'],
  ['12345:M 05 Jan 2026 03:00:00.123 # Server initialized', 'text', '2026-01-05T03:00:00.123Z', 'unknown'],
  ['12345:C 05 Jan 2026 03:00:00.123 * Redis is starting', 'text', '2026-01-05T03:00:00.123Z', 'unknown'],
  ['[2026-01-05 03:00:00,123] WARN [ReplicaManager broker=1] Stopping (kafka.server.ReplicaManager)', 'text', '2026-01-05T03:00:00.123Z', 'warning'],
  ['[2026-01-05T03:00:00,123][ERROR][o.e.b.Bootstrap          ] [node-1] Exception', 'text', '2026-01-05T03:00:00.123Z', 'error'],
  ['[2026-01-05T03:00:00,123][INFO ][o.e.n.Node               ] [node-1] started', 'text', '2026-01-05T03:00:00.123Z', 'info'],
  [
    '{"type":"server","timestamp":"2026-01-05T03:00:00,123Z","level":"WARN","component":"o.e","message":"x"}',
    'JSON',
    '2026-01-05T03:00:00.123Z',
    'warning',
  ],
  ['{"level":"info","ts":"2026-01-05T03:00:00.123Z","caller":"a.go:1","msg":"x","error":"none"}', 'JSON', '2026-01-05T03:00:00.123Z', 'info'],
  ['{"level":"error","time":1767582000,"message":"zerolog"}', 'JSON', '2026-01-05T03:00:00.000Z', 'error'],
  ['{"level":"debug","time":"2026-01-05T03:00:00Z","message":"zerolog"}', 'JSON', '2026-01-05T03:00:00.000Z', 'debug'],
  [
    '{"name":"app","hostname":"h","pid":1,"level":50,"msg":"bunyan","time":"2026-01-05T03:00:00.123Z","v":0}',
    'JSON',
    '2026-01-05T03:00:00.123Z',
    'error',
  ],
  ['{"level":60,"time":1767582000123,"pid":1,"hostname":"h","msg":"pino"}', 'JSON', '2026-01-05T03:00:00.123Z', 'critical'],
  ['{"level":"warn","message":"winston","timestamp":"2026-01-05T03:00:00.123Z"}', 'JSON', '2026-01-05T03:00:00.123Z', 'warning'],
  ['{"@t":"2026-01-05T03:00:00.1234567Z","@mt":"Hello {Name}","@l":"Error","Name":"x"}', 'JSON', '2026-01-05T03:00:00.123456700Z', 'error'],
  ['{"@t":"2026-01-05T03:00:00.1234567Z","@mt":"Serilog without level"}', 'JSON', '2026-01-05T03:00:00.123456700Z', 'info'],
  [
    '{"Timestamp":"2026-01-05T03:00:00.1234567+01:00","Level":"Warning","MessageTemplate":"x","Properties":{}}',
    'JSON',
    '2026-01-05T02:00:00.123456700Z',
    'warning',
  ],
  [
    '{"@timestamp":"2026-01-05T03:00:00.123+01:00","@version":"1","message":"logback","logger_name":"a.B","thread_name":"main","level":"ERROR","level_value":40000}',
    'JSON',
    '2026-01-05T02:00:00.123Z',
    'error',
  ],
  [
    '{"timestamp":"2026-01-05T03:00:00.123456Z","level":"INFO","fields":{"message":"rust tracing"},"target":"app"}',
    'JSON',
    '2026-01-05T03:00:00.123456000Z',
    'info',
  ],
  ['{"asctime":"2026-01-05 03:00:00,123","levelname":"CRITICAL","message":"py"}', 'JSON', '2026-01-05T03:00:00.123Z', 'critical'],
  [
    '{"severity":"ERROR","time":"2026-01-05T03:00:00.123456789Z","message":"gcp","logging.googleapis.com/trace":"t"}',
    'JSON',
    '2026-01-05T03:00:00.123456789Z',
    'error',
  ],
  ['{"version":"1.1","host":"h","short_message":"gelf","timestamp":1767582000.123,"level":3}', 'JSON', '2026-01-05T03:00:00.123Z', 'error'],
  [
    '{"ecs.version":"1.2.0","@timestamp":"2026-01-05T03:00:00.123Z","log":{"level":"warn"},"message":"ecs nested"}',
    'JSON',
    '2026-01-05T03:00:00.123Z',
    'warning',
  ],
  [
    '{"instant":{"epochSecond":1767582000,"nanoOfSecond":123000000},"thread":"main","level":"FATAL","message":"log4j2"}',
    'JSON',
    '2026-01-05T03:00:00.123Z',
    'critical',
  ],
  ['{"eventTime":"2026-01-05T03:00:00Z","eventName":"ConsoleLogin","errorCode":"AccessDenied"}', 'JSON', '2026-01-05T03:00:00.000Z', 'unknown'],
  ['{"date":1767582000.123456,"log":"fluent-bit line","stream":"stderr"}', 'Docker json-file', '2026-01-05T03:00:00.123456000Z', 'unknown'],
  ['{"ts":1767582000123456789,"level":"info","msg":"ns"}', 'JSON', '2026-01-05T03:00:00.123456789Z', 'info'],
  ['{"ts":1767582000123456,"level":"info","msg":"us"}', 'JSON', '2026-01-05T03:00:00.123456000Z', 'info'],
  [
    '{"t":{"$date":"2026-01-05T03:00:00.123+00:00"},"s":"E","c":"NETWORK","id":1,"ctx":"conn1","msg":"mongo"}',
    'JSON',
    '2026-01-05T03:00:00.123Z',
    'error',
  ],
  ['{"t":{"$date":"2026-01-05T03:00:00.123+00:00"},"s":"I",  "c":"CONTROL","msg":"mongo"}', 'JSON', '2026-01-05T03:00:00.123Z', 'info'],
  ['type=SYSCALL msg=audit(1767582000.123:456): arch=c000003e syscall=59 success=yes exit=0', 'logfmt', '2026-01-05T03:00:00.123Z', 'unknown'],
  ['node=web1 type=USER_LOGIN msg=audit(1767582000.123:457): pid=1 uid=0 res=failed', 'logfmt', '2026-01-05T03:00:00.123Z', 'unknown'],
  ['[12345.678901] usb 1-1: new high-speed USB device', 'kernel log', '2026-11-21T14:00:00.000Z', 'unknown'],
  ['[    0.000000] Linux version 6.1.0', 'kernel log', '2026-11-21T14:00:00.000Z', 'unknown'],
  ['[Mon Jan  5 03:00:00 2026] usb 1-1: device descriptor read/64, error -71', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['2026-W02-1T03:00:00Z INFO iso week date', 'text', '2026-01-05T03:00:00.000Z', 'info'],
  ['2026-005T03:00:00Z ERROR ordinal', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['20260105T030000Z INFO basic', 'text', '2026-01-05T03:00:00.000Z', 'info'],
  ['20260105T030000.123456+0100 WARN basic', 'text', '2026-01-05T02:00:00.123456000Z', 'warning'],
  ['2026-01-05T03:00Z INFO no seconds', 'text', '2026-01-05T03:00:00.000Z', 'info'],
  ['01/05/26 03:00:00 ERROR us two-digit year', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['05.01.26 03:00:00 ERROR de two-digit year', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['26-01-05 03:00:00,123 WARN two-digit iso', 'text', '2026-01-05T03:00:00.123Z', 'warning'],
  ['05-Jan-2026 03:00:00.123 SEVERE [main] org.apache.catalina.startup.Catalina.start boom', 'text', '2026-01-05T03:00:00.123Z', 'error'],
  ['Jan 05, 2026 3:00:00 AM org.apache.catalina.core.StandardService startInternal', 'text', '2026-01-05T03:00:00.000Z', 'unknown'],
  ['5 Jan 2026 03:00:00 GMT INFO x', 'text', '2026-01-05T03:00:00.000Z', 'info'],
  ['Mon, 05 Jan 2026 03:00:00 GMT ERROR rfc1123', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['Monday, January 5, 2026 3:00:00 PM ERROR long', 'text', '2026-01-05T15:00:00.000Z', 'error'],
  ['01-05 03:00:00.123  1234  5678 E AndroidRuntime: FATAL EXCEPTION: main', 'text', '2026-01-05T03:00:00.123Z', 'critical'],
  ['03:00:00.123 [main] ERROR c.e.App - only a clock', 'text', '2026-11-21T03:00:00.123Z', 'error'],
  ['1767582000 INFO epoch s', 'text', '2026-01-05T03:00:00.000Z', 'info'],
  ['1767582000.123 ERROR epoch s.ms', 'text', '2026-01-05T03:00:00.123Z', 'error'],
  ['1767582000123 WARN epoch ms', 'text', '2026-01-05T03:00:00.123Z', 'warning'],
  ['1767582000123456 WARN epoch us', 'text', '2026-01-05T03:00:00.123456000Z', 'warning'],
  ['1767582000123456789 WARN epoch ns', 'text', '2026-01-05T03:00:00.123456789Z', 'warning'],
  ['2026-01-05 03:00:00.123 PST ERROR named zone', 'text', '2026-01-05T11:00:00.123Z', 'error'],
  ['2026-01-05 03:00:00 JST [WARN] named zone', 'text', '2026-01-04T18:00:00.000Z', 'warning'],
  ['2026-01-05 03:00:00 Europe/Berlin INFO named zone', 'text', '2026-01-05T02:00:00.000Z', 'info'],
  ['2026-01-05 03:00:00 -0800 ERROR numeric zone', 'text', '2026-01-05T11:00:00.000Z', 'error'],
  ['2026-01-05 03:00:00.123  INFO 1 --- [           main] o.s.b.w.e.tomcat.TomcatWebServer : Tomcat', 'text', '2026-01-05T03:00:00.123Z', 'info'],
  ['2026-01-05T03:00:00.123+01:00  WARN 1 --- [nio-8080] c.e.Demo : x', 'text', '2026-01-05T02:00:00.123Z', 'warning'],
  ['[2026-01-05 03:00:00 +0000] [7] [INFO] Booting worker with pid: 7', 'text', '2026-01-05T03:00:00.000Z', 'info'],
  ['INFO:     127.0.0.1:50000 - "GET / HTTP/1.1" 200 OK', 'unknown', '2026-11-21T14:00:00.000Z', 'info'],
  ['ERROR:root:something bad', 'unknown', '2026-11-21T14:00:00.000Z', 'error'],
  ['2026-01-05 03:00:00,123 - app.module - ERROR - python logging', 'text', '2026-01-05T03:00:00.123Z', 'error'],
  ['E, [2026-01-05T03:00:00.123456 #1234] ERROR -- : ruby logger', 'text', '2026-01-05T03:00:00.123456000Z', 'error'],
  ['I, [2026-01-05T03:00:00.123456 #1234]  INFO -- MyApp: ruby logger', 'text', '2026-01-05T03:00:00.123456000Z', 'info'],
  ['[2026-01-05T03:00:00Z ERROR my_crate::module] rust env_logger', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['2026-01-05T03:00:00.123456Z  WARN ThreadId(01) my_crate: tracing', 'text', '2026-01-05T03:00:00.123456000Z', 'warning'],
  ['2026/01/05 03:00:00.123456 main.go:23: go std log error: x', 'text', '2026-01-05T03:00:00.123456000Z', 'error'],
  ['2026/01/05 03:00:00 http: panic serving 1.2.3.4:5: boom', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['info: Microsoft.Hosting.Lifetime[14]', 'unknown', '2026-11-21T14:00:00.000Z', 'info'],
  ['fail: Microsoft.AspNetCore.Server.Kestrel[13]', 'unknown', '2026-11-21T14:00:00.000Z', 'error'],
  ['2026-01-05 03:00:00.1234 | ERROR | NLog.Logger | x', 'text', '2026-01-05T03:00:00.123400000Z', 'error'],
  ['2026-01-05 03:00:00.123 +01:00 [ERR] Serilog text', 'text', '2026-01-05T02:00:00.123Z', 'error'],
  ['[03:00:00 WRN] Serilog console', 'text', '2026-11-21T03:00:00.000Z', 'warning'],
  ['2026-01-05 03:00:00.123 [1] DEBUG log4net - x', 'text', '2026-01-05T03:00:00.123Z', 'debug'],
  ['ERROR 2026-01-05 03:00:00,123 django.request Internal Server Error: /', 'text', '2026-01-05T03:00:00.123Z', 'error'],
  ['[I 2026-01-05 03:00:00.123 ServerApp] jupyter', 'text', '2026-01-05T03:00:00.123Z', 'info'],
  ['[W 260105 03:00:00 web:2239] 404 GET /x tornado', 'text', '2026-01-05T03:00:00.000Z', 'warning'],
  ['[2026-01-05T03:00:00.123456+00:00] production.ERROR: laravel {"exception":"x"}', 'text', '2026-01-05T03:00:00.123456000Z', 'error'],
  ['[05-Jan-2026 03:00:00 UTC] PHP Fatal error:  Uncaught Error', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['2026-01-05T03:00:00.123Z\tERROR\tcontroller/x.go:12\tzap console\t{"error": "boom"}', 'text', '2026-01-05T03:00:00.123Z', 'error'],
  ['2026-01-05T03:00:00Z ERR zerolog console error="x"', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['3:00AM WRN zerolog console clock', 'text', '2026-11-21T03:00:00.000Z', 'warning'],
  ['Information 1/5/2026 3:00:00 AM Service Control Manager 7036 None The service entered', 'text', '2026-01-05T03:00:00.000Z', 'info'],
  ['1/5/2026 3:00:00 PM Error MSSQLSERVER 18456 Logon failed', 'text', '2026-01-05T15:00:00.000Z', 'error'],
  ['2026-01-05 03:00:00.12 spid51      Error: 18456, Severity: 14, State: 8.', 'text', '2026-01-05T03:00:00.120Z', 'error'],
  ["Mon Jan 05 03:00:00 2026 +01:00 LENGTH : '160' ACTION: oracle", 'text', '2026-01-05T02:00:00.000Z', 'unknown'],
  ['2026-01-05T03:00:00.123456+01:00 ORA-00600: internal error code', 'text', '2026-01-05T02:00:00.123456000Z', 'error'],
  ['I20260105 03:00:00.123456 12345 glog_with_year.cc:10] new glog', 'klog', '2026-01-05T03:00:00.123456000Z', 'info'],
  ['{"time":"2026-01-05T03:00:00Z","level":"INFO","msg":"slog","source":{"file":"a"}}', 'JSON', '2026-01-05T03:00:00.000Z', 'info'],
  ['2026-01-05T03:00:00.123Z LCE [/x.c:1] weird', 'text', '2026-01-05T03:00:00.123Z', 'unknown'],
  ['time:2026-01-05T03:00:00Z\tlevel:error\thost:h\tmsg:ltsv', 'text', '2026-01-05T03:00:00.000Z', 'error'],
  ['[ERROR] 2026-01-05T03:00:00.123Z 4f2b lambda error', 'text', '2026-01-05T03:00:00.123Z', 'error'],
  ['START RequestId: 4f2b Version: $LATEST', 'unknown', '2026-11-21T14:00:00.000Z', 'unknown'],
  ['2026-01-05T03:00:00.123Z\t4f2b\tINFO\tlambda node', 'text', '2026-01-05T03:00:00.123Z', 'info'],
  [
    '{"timestamp":{"seconds":1767582000,"nanos":123000000},"severity":"WARNING","message":"stackdriver"}',
    'JSON',
    '2026-01-05T03:00:00.123Z',
    'warning',
  ],
];

test.each(senders)('%s', (line, format, time, level) => {
  const lines = new LogLines({ labels: [], nowMs });
  const records = [...lines.push(Buffer.from(`${line}\n`)).records(), ...lines.end().records()];
  const { understood, faults, ...report } = lines.report();
  expect(records).toHaveLength(1);
  expect([report.format, iso(records[0]!), records[0]!.level]).toEqual([format, time, level]);
  expect(faults.map((one) => one.line)).toEqual(understood === 1 ? [] : [1]);
});

/** Lines of JSON that are read as bytes, and the same with a member that is not ASCII, which are not. */
const members: readonly string[] = [
  '"ts":"2026-01-05T03:00:00.123Z","level":"warn","service":"cart"',
  '"ts":"2026-01-05T03:00:59Z","level":"warn","service":"cart"',
  '"ts":"2026-01-05T03:01:00.1Z","level":"WARN","service":"ca rt"',
  '"ts":"2026-01-05T03:01:00,123456789Z","level":"Error","host":"h1","app":"x"',
  '"ts":"2026-01-05T03:01:00.5+02:00","lvl":50,"host":"h\\u0041","app":"x"',
  '"ts":"2026-01-05 03:01:07.5","level":"nonsense","severity":"error"',
  '"ts":"2026-01-05T03:01:61Z","level":"info"',
  '"ts" : "not a time", "time": 1767582000.25, "level" : "info"',
  '"time":1767582000123456789,"level":"info","a":{"level":"error","b":[1,{"c":"}"}]}',
  '"time":-5e3,"ts":1767582000,"level":"info","x":null,"y":true,"z":-1.5e-7',
  '"level":"info","msg":"a \\"quoted\\" \\\\","time":"2026-01-05T03:00:00Z","log":"x"',
  '"time":"2026-01-05T03:00:00Z","level":"info","level":"error","service":"a","service":"b"',
  '"@timestamp":"2026-01-05T03:00:00Z","log.level":"ERROR","service.name":"s","service":{"name":"t"}',
  '"time":"2026-01-05T03:00:00Zulu","level":"info"',
  '"time":"2026-01-05T03:00:00Z","level":"info","number":012',
  '"time":"2026-01-05T03:00:00Z","level":"info","open":"',
];

test('lines of JSON say the same whether they are read as bytes or as text', () => {
  const lines = [...members, ...members.toReversed(), ...members].map((one, i) => (i % 3 === 2 ? `{ ${one} }` : `{${one}}`));
  const read = (texts: readonly string[]): unknown => {
    const reader = new LogLines({ labels: ['filename', 'x'], nowMs, offsetMs: -1500.5 });
    const records = [...reader.push(Buffer.from(`${texts.join('\n')}\n`)).records(), ...reader.end().records()];
    const { format, lines: count, understood, joined, notUnderstood, faults } = reader.report();
    return [{ format, count, understood, joined, notUnderstood, faults }, records.map(({ timeNs, level, labels }) => [timeNs, level, labels])];
  };
  expect(read(lines)).toEqual(read(lines.map((line) => line.replace(/\}$/, ',"ü":1}'))));
});
