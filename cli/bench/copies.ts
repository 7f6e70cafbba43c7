import { tellCluster } from '../cluster/control.ts'
import { hostable } from '../environment.ts'
import { familyMs } from './meter.ts'
import { startOwnCluster } from './own-cluster.ts'
import type { Sample, ScaleOptions } from './scale.ts'
import { buyersCounted } from './selling.ts'
import type { Goods } from './visits.ts'
import type { Driver } from './workers.ts'

const copyCounts = [1, 2, 4]
/** Processes that have just started are still compiling what they do. */
const warmUpSeconds = 5

/**
 * What an order costs by how many copies there are of the public door and of everything else, on the data of a shop that has stopped. The
 * catalog is one process: in the data folder it has one writer. Counted are all processes of the cluster: HAProxy, what carries events, and PostgreSQL.
 */
export async function measureCopies(
  options: ScaleOptions,
  dataFolder: string,
  driver: Driver,
  goods: Goods,
): Promise<Sample[]> {
  const selling = hostable.filter((name) => name !== 'edge' && name !== 'catalog')
  const cluster = await startOwnCluster({ ...options, dataFolder }, ['--groups', `edge,${selling.join('+')},catalog`])
  const samples: Sample[] = []
  let from = 0
  const drive = async (seconds: number) => {
    const sold = await driver({
      base: cluster.base,
      visit: 'three-requests',
      goods,
      seconds,
      load: { atOnce: buyersCounted },
      from,
    })
    from += sold.visits + sold.failed
    if (sold.visits === 0) throw new Error(`bench: nothing was sold by copies: ${JSON.stringify(sold.failures)}`)
    return sold
  }
  for (const size of copyCounts) {
    options.onProgress(`orders with ${size} copies`)
    const copies = { edge: size, [selling[0] as string]: size }
    await tellCluster(cluster.folder, { do: 'scale', copies }, () => undefined)
    await drive(warmUpSeconds)
    const before = await familyMs(cluster.pid)
    const { visits, seconds } = await drive(options.seconds)
    const value = ((await familyMs(cluster.pid)) - before) / visits
    const of = { of: 'copies', size } as const
    samples.push({ name: 'order of many copies', unit: 'ms', value, ...of })
    samples.push({ name: 'orders by many copies', unit: 'a second', value: visits / seconds, ...of })
  }
  await cluster.stop()
  return samples
}
