/** `app://ui`: the screen from the build's list of files, and the host's word on the engine. */
import { protocol } from 'electron';
import type { EngineStatus } from '../engine/engine-process.ts';
import type { Assets } from '../web/assets.ts';
import { securityHeaders } from '../web/headers.ts';
import { appScheme, assetPath } from './policy.ts';

/** Before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: appScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } }]);
}

export function serveScreen(assets: Assets, status: () => EngineStatus): void {
  protocol.handle(appScheme, async (request) => {
    const path = assetPath(request.url);
    if (path === '/host/status') return Response.json(status(), { headers: { ...securityHeaders, 'cache-control': 'no-store' } });
    const asset = path === undefined ? undefined : assets.get(path);
    const body = request.method === 'GET' ? await asset?.read() : undefined;
    if (asset === undefined || body === undefined) return new Response('not found', { status: 404, headers: securityHeaders });
    return new Response(body, { headers: { ...securityHeaders, 'content-type': asset.type } });
  });
}
