/** Can the embedded ClickHouse engine run on this machine? Its binary needs glibc (or macOS), and AVX2 on x64; without AVX2 it dies of SIGILL. */
import { readFileSync } from 'node:fs';

export interface Platform {
  readonly os: NodeJS.Platform;
  readonly arch: string;
  /** The `flags` of the first processor (`/proc/cpuinfo`); undefined where the system does not tell. */
  readonly cpuFlags: readonly string[] | undefined;
  readonly isGlibc: boolean;
}

/** @returns why the engine cannot run on such a machine, or undefined when nothing speaks against it. */
export function platformProblem(platform: Platform): string | undefined {
  const { os, arch, cpuFlags, isGlibc } = platform;
  if ((os !== 'linux' && os !== 'darwin') || (arch !== 'x64' && arch !== 'arm64')) {
    return `there is no embedded ClickHouse engine for ${os} on ${arch}`;
  }
  if (os === 'linux' && !isGlibc)
    return 'the embedded ClickHouse engine needs glibc; this system uses another C library (musl?)';
  if (os === 'linux' && arch === 'x64' && cpuFlags !== undefined && !cpuFlags.includes('avx2')) {
    return 'the embedded ClickHouse engine needs a processor with AVX2';
  }
  return undefined;
}

/** Describes the machine that we run on. Reads `/proc/cpuinfo` on Linux. */
export function thisPlatform(): Platform {
  return { os: process.platform, arch: process.arch, cpuFlags: readCpuFlags(), isGlibc: isGlibc() };
}

function readCpuFlags(): readonly string[] | undefined {
  if (process.platform !== 'linux') return undefined;
  const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  return line?.trim().split(/\s+/);
}

function isGlibc(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime !== undefined;
}
