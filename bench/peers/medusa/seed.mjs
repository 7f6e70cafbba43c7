import { readFile, writeFile } from 'node:fs/promises'
import { ContainerRegistrationKeys, Modules } from '@medusajs/framework/utils'
import {
  createApiKeysWorkflow,
  createInventoryLevelsWorkflow,
  createProductCategoriesWorkflow,
  createProductsWorkflow,
  createProductTagsWorkflow,
  createRegionsWorkflow,
  createSalesChannelsWorkflow,
  createShippingOptionsWorkflow,
  createShippingProfilesWorkflow,
  createStockLocationsWorkflow,
  createTaxRegionsWorkflow,
  linkSalesChannelsToApiKeyWorkflow,
  linkSalesChannelsToStockLocationWorkflow,
  updateStoresWorkflow,
} from '@medusajs/medusa/core-flows'

// Fills an empty database by Medusa's own workflows, as its starter does: `medusa exec seed.mjs shop.json seeded.json`. Into the
// second file it writes what a storefront is configured with.

const atOnce = 50

export default async function seed({ container, args: [file, seededFile] }) {
  const { products, categories, shippingAmount, taxPercent } = JSON.parse(await readFile(file, 'utf8'))
  const run = async (workflow, input) => (await workflow(container).run({ input })).result

  const [channel] = await run(createSalesChannelsWorkflow, { salesChannelsData: [{ name: 'Webshop' }] })
  const [store] = await container.resolve(Modules.STORE).listStores()
  await run(updateStoresWorkflow, {
    selector: { id: store.id },
    update: {
      supported_currencies: [{ currency_code: 'eur', is_default: true, is_tax_inclusive: true }],
      default_sales_channel_id: channel.id,
    },
  })
  const [region] = await run(createRegionsWorkflow, {
    regions: [
      {
        name: 'Europe',
        currency_code: 'eur',
        countries: ['de'],
        payment_providers: ['pp_system_default'],
        is_tax_inclusive: true,
      },
    ],
  })
  await run(createTaxRegionsWorkflow, [
    {
      country_code: 'de',
      provider_id: 'tp_system',
      default_tax_rate: { rate: taxPercent, code: 'standard', name: 'Standard' },
    },
  ])
  const location = await stockLocation(container, run, channel)
  const shippingOption = await shipping(container, run, { location, shippingAmount })
  const [key] = await run(createApiKeysWorkflow, {
    api_keys: [{ title: 'Webshop', type: 'publishable', created_by: '' }],
  })
  await run(linkSalesChannelsToApiKeyWorkflow, { id: key.id, add: [channel.id] })

  const made = await run(createProductCategoriesWorkflow, {
    product_categories: categories.map((name) => ({ name, is_active: true })),
  })
  const categoryIds = new Map(made.map(({ id, name }) => [name, id]))
  const tags = await run(createProductTagsWorkflow, {
    product_tags: [...new Set(products.flatMap((product) => product.tags))].map((value) => ({ value })),
  })
  const tagIds = new Map(tags.map(({ id, value }) => [value, id]))
  for (let from = 0; from < products.length; from += atOnce) {
    const some = products.slice(from, from + atOnce)
    await run(createProductsWorkflow, {
      products: some.map(({ category, tags: names, variants, ...product }) => ({
        ...product,
        category_ids: [categoryIds.get(category)],
        tag_ids: names.map((name) => tagIds.get(name)),
        shipping_profile_id: shippingOption.shipping_profile_id,
        sales_channels: [{ id: channel.id }],
        variants: variants.map(({ stock: _, ...variant }) => variant),
      })),
    })
    await stockUp(
      container,
      run,
      location,
      some.flatMap(({ variants }) => variants),
    )
  }
  await writeFile(
    seededFile,
    JSON.stringify({
      key: key.token,
      regionId: region.id,
      shippingOptionId: shippingOption.id,
      categoryIds: Object.fromEntries(categoryIds),
    }),
  )
}

async function stockLocation(container, run, channel) {
  const [location] = await run(createStockLocationsWorkflow, {
    locations: [{ name: 'Warehouse', address: { city: 'Berlin', country_code: 'DE', address_1: '' } }],
  })
  await container.resolve(ContainerRegistrationKeys.LINK).create({
    [Modules.STOCK_LOCATION]: { stock_location_id: location.id },
    [Modules.FULFILLMENT]: { fulfillment_provider_id: 'manual_manual' },
  })
  await run(linkSalesChannelsToStockLocationWorkflow, { id: location.id, add: [channel.id] })
  return location
}

async function shipping(container, run, { location, shippingAmount }) {
  const fulfillment = container.resolve(Modules.FULFILLMENT)
  const [existing] = await fulfillment.listShippingProfiles({ type: 'default' })
  const profile =
    existing ?? (await run(createShippingProfilesWorkflow, { data: [{ name: 'Default', type: 'default' }] }))[0]
  const set = await fulfillment.createFulfillmentSets({
    name: 'Delivery',
    type: 'shipping',
    service_zones: [{ name: 'Germany', geo_zones: [{ country_code: 'de', type: 'country' }] }],
  })
  await container.resolve(ContainerRegistrationKeys.LINK).create({
    [Modules.STOCK_LOCATION]: { stock_location_id: location.id },
    [Modules.FULFILLMENT]: { fulfillment_set_id: set.id },
  })
  const [option] = await run(createShippingOptionsWorkflow, [
    {
      name: 'Standard',
      price_type: 'flat',
      provider_id: 'manual_manual',
      service_zone_id: set.service_zones[0].id,
      shipping_profile_id: profile.id,
      type: { label: 'Standard', description: 'Two to three days.', code: 'standard' },
      prices: [{ currency_code: 'eur', amount: shippingAmount / 100 }],
      rules: [
        { attribute: 'enabled_in_store', value: 'true', operator: 'eq' },
        { attribute: 'is_return', value: 'false', operator: 'eq' },
      ],
    },
  ])
  return option
}

async function stockUp(container, run, location, variants) {
  const query = container.resolve(ContainerRegistrationKeys.QUERY)
  const { data: items } = await query.graph({
    entity: 'inventory_item',
    fields: ['id', 'sku'],
    filters: { sku: variants.map(({ sku }) => sku) },
  })
  const stocks = new Map(variants.map(({ sku, stock }) => [sku, stock]))
  await run(createInventoryLevelsWorkflow, {
    inventory_levels: items.map(({ id, sku }) => ({
      inventory_item_id: id,
      location_id: location.id,
      stocked_quantity: stocks.get(sku),
    })),
  })
}
