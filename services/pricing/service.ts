import { join } from 'node:path'
import { PricingSettings, pricing } from '#contracts/pricing'
import { ok } from '#kernel/contract'
import { gather } from '#kernel/gather'
import { service } from '#kernel/service'
import { checkCoupon, giveBack, redeem } from './coupons.ts'
import { customerDigest } from './customer.ts'
import { readMarkets } from './markets.ts'
import { prices, pricesOfProducts } from './prices.ts'
import { createPromotion, listPromotions, updatePromotion } from './promotions.ts'
import { quoteCart } from './quote-cart.ts'
import { setPrices, setPricesOfProducts } from './set-prices.ts'
import { type Offer, type RedeemRequest, type RedeemVerdict, redeemAll, selectOffers, type Wanted } from './store.ts'
import { verify } from './verify.ts'

export const pricingService = service({
  contract: pricing,
  settings: PricingSettings,
  secrets: ['pricing-customers'],
  // A cart asks for two short reads; more connections would only wait for the same processors.
  connections: 6,
  migrations: join(import.meta.dirname, 'migrations'),
  start: async (host) => {
    const markets = readMarkets(host.settings)
    // One automatic promotion is in every order: taken one by one, they would wait for its row a commit each.
    const useUp = gather<RedeemRequest, RedeemVerdict>({
      service: 'pricing',
      what: 'redeem coupons',
      idOf: ({ orderId }) => orderId,
      run: (requests) => redeemAll(host.db, requests),
      batchAtMost: 100,
      queueAtMost: 2_000,
    })
    const find = gather<Wanted, Offer>({
      service: 'pricing',
      what: 'price a cart',
      run: (wanted) => selectOffers(host.db, wanted),
      batchAtMost: 100,
      queueAtMost: 5_000,
    })
    const digestOf = customerDigest(await host.secret('pricing-customers'))
    const deps = { db: host.db, markets, digestOf, useUp, find }
    return {
      operations: {
        markets: async () =>
          ok({
            items: markets.all.map((market, index) => ({
              code: market.code,
              name: market.name,
              currency: market.currency,
              locale: market.locale,
              countries: market.countries,
              taxIncluded: market.taxIncluded,
              default: index === 0,
            })),
          }),
        prices: (input) => prices(deps, input),
        pricesOfProducts: (input) => pricesOfProducts(deps, input),
        quote: (input) => quoteCart(deps, input),
        checkCoupon: (input) => checkCoupon(deps, input),
        redeem: (input) => redeem(deps, input),
        unredeem: (input) => giveBack(deps, input),
        setPrices: (input) => setPrices(deps, input),
        setPricesOfProducts: (input) => setPricesOfProducts(deps, input),
        adminSetPrices: (input) => setPrices(deps, input),
        promotions: (input) => listPromotions(deps, input),
        createPromotion: (input) => createPromotion(deps, input),
        updatePromotion: (input) => updatePromotion(deps, input),
        verify: (input) => verify(deps, input),
      },
    }
  },
})
