import type { TestShop } from './shop.ts'

/** What a collector reads of every process. */
export async function scrape(shop: TestShop): Promise<string> {
  const services = Object.entries(shop.environment).filter(([name]) => /^STOA_(?!PUBLIC|SANDBOX)[A-Z]+_URL$/.test(name))
  const urls = [shop.url, ...services.map(([, url]) => url)]
  return (await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()))).join('\n')
}
