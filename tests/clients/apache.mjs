// Apache of Debian with mod_auth_openidc, in a folder of its own: a page that only people with a mandate's use see.
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const MODULES = '/usr/lib/apache2/modules';

/** Starts Apache on `port`; `stop()` ends it and removes its files. */
export async function startApache({ port, issuer, clientId, secret }) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'entremise-apache-'));
  await mkdir(path.join(folder, 'www/private'), { recursive: true });
  await writeFile(path.join(folder, 'www/private/index.shtml'),
    '<!doctype html><html lang="en"><title>Private</title><main><h1>Private</h1>'
    + '<p id="who"><!--#echo var="REMOTE_USER" --></p><p id="name"><!--#echo var="OIDC_CLAIM_family_name" --></p></main></html>');
  const modules = ['authn_core', 'authz_core', 'authz_user', 'auth_openidc', 'dir', 'include', 'mime'];
  await writeFile(path.join(folder, 'apache.conf'), `
ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/errors
LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
${process.getuid() === 0 ? 'User www-data\nGroup www-data' : ''}
TypesConfig /etc/mime.types
DocumentRoot ${folder}/www
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${clientId}
OIDCClientSecret ${secret}
OIDCScope "openid profile birth"
OIDCPKCEMethod S256
OIDCIDTokenSignedResponseAlg ES256
OIDCRedirectURI http://localhost:${port}/private/redirect
OIDCDefaultLoggedOutURL http://localhost:${port}/
OIDCCryptoPassphrase of-this-test-only
OIDCSessionType server-cache
OIDCCacheType shm
OIDCRemoteUserClaim sub
<Directory ${folder}/www>
  Options +Includes
  DirectoryIndex index.shtml
</Directory>
<Location /private>
  AuthType openid-connect
  Require valid-user
</Location>
`);
  // Apache as root serves as another user, which must be able to read.
  await chmod(folder, 0o755);
  const child = spawn('/usr/sbin/apache2', ['-d', folder, '-f', path.join(folder, 'apache.conf'), '-DFOREGROUND'],
    { stdio: ['ignore', 'inherit', 'inherit'] });
  const apache = {
    errors: () => readFile(path.join(folder, 'errors'), 'utf8').catch(() => ''),
    async stop() {
      if (child.exitCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await Promise.race([ended, delay(5000, undefined, { ref: false })]);
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  for (const end = Date.now() + 20_000; Date.now() < end; await delay(50)) {
    if (child.exitCode !== null) break;
    const answered = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).then(() => true, () => false);
    if (answered) return apache;
  }
  const told = await apache.errors();
  await apache.stop();
  throw new Error(`Apache did not start. If it is missing: apt-get install -y apache2-bin libapache2-mod-auth-openidc\n${told}`);
}
