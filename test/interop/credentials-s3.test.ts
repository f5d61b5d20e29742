import { createHash, createHmac } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { upload } from '../../src/pipeline/upload.js';
import { makeImportDirectory } from '../support/import-directory.js';
import { type Loopback, startLoopback } from '../support/loopback.js';
import { type Minio, startMinio } from '../support/minio.js';
import { allText, errorOf } from '../support/store-conformance.js';
import { useTempDir } from '../support/temp-dir.js';

/** What a role gives: MinIO's own STS makes them, and MinIO checks the session token. */
interface Temporary {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  readonly Expiration: string;
}

describe('S3 credentials as people have them', () => {
  const temp = useTempDir();
  const before = { ...process.env };
  let minio: Minio;
  let role: Temporary;
  let count = 0;
  const services: Loopback[] = [];
  const serve = async (...args: Parameters<typeof startLoopback>) => {
    const service = await startLoopback(...args);
    services.push(service);
    return service;
  };

  beforeAll(async () => {
    minio = await startMinio();
    await minio.createBucket('roles');
    role = await assumeRole(minio);
    await makeImportDirectory(temp('in'), [100, 200, 300]);
    await fs.mkdir(temp('home', '.aws', 'sso', 'cache'), { recursive: true });
  });
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (/^(AWS|HTTPS?_PROXY)/i.test(name)) delete process.env[name];
    // Nothing of this machine's own.
    process.env['HOME'] = temp('home');
    // The SDK remembers what it read of a file, so each test has files of its own.
    process.env['AWS_CONFIG_FILE'] = temp('home', `config-${++count}`);
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = temp('home', `credentials-${count}`);
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
    process.env['AWS_REGION'] = 'us-east-1';
  });
  afterAll(async () => {
    process.env = before;
    for (const service of services) await service.stop();
    await minio?.stop();
  });

  const config = (text: string) => fs.writeFile(process.env['AWS_CONFIG_FILE']!, text);
  const send = () =>
    upload({ from: temp('in'), to: minio.uri('roles', `d${count}`), s3Endpoint: minio.endpoint, tries: 1 });
  const done = { complete: true, files: 3 };

  it('variables, with the token of a session', async () => {
    process.env['AWS_ACCESS_KEY_ID'] = role.AccessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = role.SecretAccessKey;
    process.env['AWS_SESSION_TOKEN'] = role.SessionToken;
    expect(await send()).toMatchObject(done);
  });

  it('a profile', async () => {
    await fs.writeFile(
      process.env['AWS_SHARED_CREDENTIALS_FILE']!,
      `[team]\naws_access_key_id = ${role.AccessKeyId}\naws_secret_access_key = ${role.SecretAccessKey}\naws_session_token = ${role.SessionToken}\n`,
    );
    process.env['AWS_PROFILE'] = 'team';
    expect(await send()).toMatchObject(done);
  });

  it('a program, asked again before what it gave runs out', async () => {
    // Credentials that run out in two minutes are renewed at once, since five are kept in hand.
    const soon = new Date(Date.now() + 120_000).toISOString();
    const { AccessKeyId, SecretAccessKey, SessionToken } = role;
    const said = JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey, SessionToken, Expiration: soon });
    await fs.writeFile(temp('said.json'), said);
    await config(`[profile tool]\ncredential_process = sh -c "echo x >> ${temp('asked')}; cat ${temp('said.json')}"\n`);
    process.env['AWS_PROFILE'] = 'tool';
    expect(await send()).toMatchObject(done);
    expect((await fs.readFile(temp('asked'), 'utf8')).split('\n').length).toBeGreaterThan(2);
  });

  it('a role that another profile may take', async () => {
    await config(
      `[profile base]\naws_access_key_id = ${minio.env.AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${minio.env.AWS_SECRET_ACCESS_KEY}\n` +
        '[profile role]\nrole_arn = arn:aws:iam::123456789012:role/writer\nsource_profile = base\n',
    );
    process.env['AWS_PROFILE'] = 'role';
    // MinIO is its own STS.
    process.env['AWS_ENDPOINT_URL_STS'] = minio.endpoint;
    expect(await send()).toMatchObject(done);
  });

  it('IRSA: the token of a service account for a role', async () => {
    const bodies: string[] = [];
    const sts = await serve((_request, body) => {
      bodies.push(body);
      const fields = Object.entries(role).map(([name, value]) => `<${name}>${value}</${name}>`);
      return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>${fields.join('')}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
    });
    await fs.writeFile(temp('token'), 'token-of-the-pod');
    process.env['AWS_ROLE_ARN'] = 'arn:aws:iam::123456789012:role/pod';
    process.env['AWS_WEB_IDENTITY_TOKEN_FILE'] = temp('token');
    process.env['AWS_ENDPOINT_URL_STS'] = sts.url;
    expect(await send()).toMatchObject(done);
    // Once for the import and once for its state, not once for each request.
    expect(bodies.length).toBeLessThanOrEqual(2);
    expect(new URLSearchParams(bodies[0]).get('WebIdentityToken')).toBe('token-of-the-pod');
    expect(new URLSearchParams(bodies[0]).get('RoleArn')).toBe(process.env['AWS_ROLE_ARN']);
  });

  it('EKS pod identity and ECS: the agent of the container', async () => {
    let authorization: string | undefined;
    const agent = await serve(({ headers }) => {
      ({ authorization } = headers);
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = role;
      return { AccessKeyId, SecretAccessKey, Token: SessionToken, Expiration };
    });
    await fs.writeFile(temp('agent-token'), 'token-for-the-agent');
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `${agent.url}/v1/credentials`;
    process.env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] = temp('agent-token');
    expect(await send()).toMatchObject(done);
    expect(new Set(agent.asked)).toEqual(new Set(['GET /v1/credentials']));
    expect(authorization).toBe('token-for-the-agent');
  });

  it('an instance role', async () => {
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = role;
    const metadata = await serve(({ url, method }) => {
      if (method === 'PUT') return 'token-of-the-instance';
      if (url?.endsWith('/security-credentials/')) return 'writer';
      return { Code: 'Success', Type: 'AWS-HMAC', AccessKeyId, SecretAccessKey, Token: SessionToken, Expiration };
    });
    delete process.env['AWS_EC2_METADATA_DISABLED'];
    process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = metadata.url;
    expect(await send()).toMatchObject(done);
    expect(metadata.asked).toContain('GET /latest/meta-data/iam/security-credentials/writer');
  });

  it('SSO, after its login', async () => {
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = role;
    const sso = await serve(() => ({
      roleCredentials: {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: SessionToken,
        expiration: Date.parse(Expiration),
      },
    }));
    process.env['AWS_ENDPOINT_URL_SSO'] = sso.url;
    process.env['AWS_PROFILE'] = 'sso';
    await config(
      '[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n' +
        '[profile sso]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Writer\n',
    );
    const cache = `${createHash('sha1').update('corp').digest('hex')}.json`;
    const accessToken = 'token-of-the-login';
    const later = new Date(Date.now() + 3600_000).toISOString();
    await fs.writeFile(
      temp('home', '.aws', 'sso', 'cache', cache),
      JSON.stringify({
        startUrl: 'https://corp.awsapps.com/start',
        region: 'us-east-1',
        accessToken,
        expiresAt: later,
      }),
    );
    expect(await send()).toMatchObject(done);
    expect(sso.asked[0]).toMatch(/^GET \/federation\/credentials\?.*role_name=Writer/);
  });

  it('what has run out ends in one clear error without a secret', async () => {
    process.env['AWS_ACCESS_KEY_ID'] = role.AccessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = role.SecretAccessKey;
    process.env['AWS_SESSION_TOKEN'] = `${role.SessionToken}x`;
    const error = await errorOf(send());
    expect(error).toMatchObject({ code: 'STORE_CREDENTIALS', exitCode: 4 });
    for (const secret of [role.SecretAccessKey, role.SessionToken]) expect(allText(error)).not.toContain(secret);
  });
});

/** A signed call, as the SDKs make it, to MinIO's own STS. */
async function assumeRole(minio: Minio): Promise<Temporary> {
  const body = 'Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600';
  const type = 'application/x-www-form-urlencoded';
  const { host } = new URL(minio.endpoint);
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/us-east-1/sts/aws4_request`;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const signed = 'content-type;host;x-amz-date';
  const canonical = `POST\n/\n\ncontent-type:${type}\nhost:${host}\nx-amz-date:${date}\n\n${signed}\n${sha256(body)}`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${minio.env.AWS_SECRET_ACCESS_KEY}`) as Buffer;
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${minio.env.AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  const headers = { 'content-type': type, 'x-amz-date': date, authorization };
  const text = await (await fetch(`${minio.endpoint}/`, { method: 'POST', body, headers })).text();
  const field = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)![1]!;
  return {
    AccessKeyId: field('AccessKeyId'),
    SecretAccessKey: field('SecretAccessKey'),
    SessionToken: field('SessionToken'),
    Expiration: field('Expiration'),
  };
}
