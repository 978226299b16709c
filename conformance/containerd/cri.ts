/** A kubelet's side of the Container Runtime Interface, as far as `cri.proto` has it: gRPC on containerd's socket. */
import { fileURLToPath } from 'node:url';
import {
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

type Message = Readonly<Record<string, unknown>>;

export interface Cri {
  /** Rejects with the sentence of containerd's error. `Answer` is what `cri.proto` says that it gives. */
  ask<Answer = object>(method: string, request: Message): Promise<Answer>;
  close(): void;
}

const deadlineMs = 60_000;
const definition = fileURLToPath(new URL('../../conformance/containerd/cri.proto', import.meta.url));

/** The client of a package's service. Throws if the package has no such service. */
function serviceOf(from: GrpcObject, names: readonly string[]): ServiceClientConstructor {
  const found = names.reduce<unknown>((part, name) => (part as GrpcObject)[name], from);
  if (typeof found !== 'function') throw new Error(`no ${names.join('.')} in ${definition}`);
  return found as ServiceClientConstructor;
}

export function criOn(socket: string): Cri {
  const loaded = loadPackageDefinition(
    loadSync(definition, { keepCase: true, longs: Number, enums: String, defaults: true }),
  );
  const Service = serviceOf(loaded, ['runtime', 'v1', 'RuntimeService']);
  const client = new Service(`unix:${socket}`, credentials.createInsecure());
  return {
    ask: (method, request) =>
      new Promise((resolve, reject) => {
        const call = client[method];
        if (call === undefined) throw new Error(`no ${method} in ${definition}`);
        call.call(
          client,
          request,
          { deadline: Date.now() + deadlineMs },
          (error: Error | null, answer: never) =>
            error === null ? resolve(answer) : reject(new Error(`${method}: ${error.message}`)),
        );
      }),
    close: () => client.close(),
  };
}
