import { parentPort, workerData } from 'node:worker_threads'
import { type Goods, loadOn } from '../bench/load.ts'

// Shoppers in a thread of their own, so that a shop in this process is not busy with them.

export type Work = {
  readonly url: string
  readonly goods: Goods
  /** Null: as fast as the shop answers. */
  readonly ordersASecond: number | null
  readonly seconds: number
}

/** Enough to keep a shop busy. */
const shoppersAtOnce = 24

const { url, goods, ordersASecond, seconds } = workerData as Work
const load = loadOn(url)
const seen = await (ordersASecond === null
  ? load.sell(goods, seconds, shoppersAtOnce)
  : load.offer(goods, ordersASecond, seconds))
await load.close()
parentPort?.postMessage(seen)
