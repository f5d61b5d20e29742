import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  ListMultipartUploadsCommand,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { findBinary, onFreePort, startServer } from './process.js';

export interface Minio {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** What `openStore` needs in its environment. */
  readonly env: {
    readonly AWS_ENDPOINT_URL_S3: string;
    readonly AWS_ACCESS_KEY_ID: string;
    readonly AWS_SECRET_ACCESS_KEY: string;
    readonly AWS_REGION: string;
  };
  uri(bucket: string, prefix?: string): string;
  createBucket(name: string): Promise<void>;
  /** With all that is in it. */
  removeBucket(name: string): Promise<void>;
  /** Lets everybody list and read a bucket. */
  makePublic(bucket: string): Promise<void>;
  /** Multipart uploads that were begun below `prefix` and neither completed nor aborted. */
  openUploads(bucket: string, prefix: string): Promise<number>;
  stop(): Promise<void>;
}

/** Starts MinIO on a directory of its own, with keys made for this run. */
export async function startMinio(): Promise<Minio> {
  const binary = findBinary('minio');
  const data = await fs.mkdtemp(path.join(os.tmpdir(), 'pineload-minio-'));
  const accessKeyId = 'pineloadtest';
  const secretAccessKey = randomBytes(20).toString('hex');
  const keys = { MINIO_ROOT_USER: accessKeyId, MINIO_ROOT_PASSWORD: secretAccessKey };
  const { server, endpoint } = await onFreePort(async (port) => {
    const endpoint = `http://127.0.0.1:${port}`;
    const args = ['server', data, '--address', `127.0.0.1:${port}`, '--quiet'];
    const env = { ...keys, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off' };
    return { server: await startServer(binary, args, `${endpoint}/minio/health/ready`, env), endpoint };
  });
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  return {
    endpoint,
    env: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: 'us-east-1',
    },
    uri: (bucket, prefix = '') => `s3://${bucket}/${prefix}`,
    createBucket: async (name) => {
      await client.send(new CreateBucketCommand({ Bucket: name }));
    },
    removeBucket: async (name) => {
      // What was sent meanwhile has to go too.
      for (let round = 0; round < 20; round++) {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: name }));
        for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket: name, Key }));
        try {
          await client.send(new DeleteBucketCommand({ Bucket: name }));
          return;
        } catch (error) {
          if ((error as Error).name !== 'BucketNotEmpty') throw error;
        }
      }
      throw new Error(`bucket ${name} stays`);
    },
    makePublic: async (bucket) => {
      const Policy = JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: '*',
            Action: ['s3:GetObject', 's3:ListBucket'],
            Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
          },
        ],
      });
      await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    },
    openUploads: async (bucket, prefix) => {
      // Asked by a prefix that is no key, MinIO tells of none.
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.filter(({ Key }) => Key?.startsWith(prefix)).length;
    },
    stop: async () => {
      client.destroy();
      await server.stop();
      await fs.rm(data, { recursive: true, force: true });
    },
  };
}
