/** `linux.resources` in the normal form of a config.json. Null is not asked for; what callers in Go write as 0 for that is null as well. */

/** A bigint where the number is beyond 2^53. */
export type Integer = number | bigint;

export interface NormalDeviceRule {
  readonly allow: boolean;
  readonly type: 'a' | 'b' | 'c';
  /** -1: all. */
  readonly major: number;
  readonly minor: number;
  /** Any of r, w and m (mknod). */
  readonly access: string;
}

/** -1 is no limit. */
export interface NormalMemory {
  readonly limitBytes: Integer | null;
  readonly reservationBytes: Integer | null;
  /** Memory and swap together. */
  readonly swapBytes: Integer | null;
  readonly kernelBytes: Integer | null;
  readonly kernelTcpBytes: Integer | null;
  /** 0 is a value. */
  readonly swappiness: number | null;
  readonly oomKillerDisabled: boolean;
  /** `update` refuses a limit below what is used; null: as the container's config.json says. */
  readonly checkBeforeUpdate: boolean | null;
}

export interface NormalCpu {
  readonly shares: Integer | null;
  /** In each period; less than 0 is no limit. */
  readonly quotaMicroseconds: Integer | null;
  readonly burstMicroseconds: Integer | null;
  readonly periodMicroseconds: Integer | null;
  readonly realtimeRuntimeMicroseconds: Integer | null;
  readonly realtimePeriodMicroseconds: Integer | null;
  /** Lists such as 0-3,7, for the kernel to read. */
  readonly cpus: string | null;
  readonly mems: string | null;
  readonly idle: Integer | null;
}

export interface NormalWeightDevice {
  readonly major: number;
  readonly minor: number;
  readonly weight: number | null;
  readonly leafWeight: number | null;
}

export interface NormalThrottle {
  readonly major: number;
  readonly minor: number;
  /** In each second; null: none. */
  readonly rate: Integer | null;
}

export interface NormalBlockIo {
  readonly weight: number | null;
  readonly leafWeight: number | null;
  readonly weightDevices: readonly NormalWeightDevice[];
  readonly readBytesPerSecond: readonly NormalThrottle[];
  readonly writeBytesPerSecond: readonly NormalThrottle[];
  readonly readOperationsPerSecond: readonly NormalThrottle[];
  readonly writeOperationsPerSecond: readonly NormalThrottle[];
}

export interface NormalHugepageLimit {
  /** As in the names of the cgroup's files: 2MB. */
  readonly pageSize: string;
  readonly limitBytes: Integer;
}

export interface NormalRdma {
  readonly device: string;
  readonly hcaHandles: number | null;
  readonly hcaObjects: number | null;
}

export interface NormalResources {
  readonly devices: readonly NormalDeviceRule[];
  readonly memory: NormalMemory;
  readonly cpu: NormalCpu;
  /** Less than 0: no limit. */
  readonly pidsLimit: Integer | null;
  readonly blockIo: NormalBlockIo;
  readonly hugepageLimits: readonly NormalHugepageLimit[];
  readonly network: {
    readonly classId: number | null;
    readonly priorities: readonly { readonly name: string; readonly priority: number }[];
  };
  readonly rdma: readonly NormalRdma[];
  /** Files of the container's cgroup on v2, and what is written into them. */
  readonly unified: readonly (readonly [file: string, value: string])[];
}
