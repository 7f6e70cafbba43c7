import { hex } from '../palette.ts'
import type { ProductSheet } from '../product-sheet.ts'

/** What lives outside the door. */
export const garden: readonly ProductSheet[] = [
  {
    number: 401,
    sku: 'POT',
    handle: 'courtyard-pot',
    title: 'Courtyard Pot',
    vendor: 'Acanthus Garden',
    origin: 'Italy',
    materials: ['Terracotta'],
    tags: ['pot', 'plant', 'terracotta', 'terrace'],
    story:
      '<p>Terracotta from a clay that stands frost, with a rolled rim to lift it by and a saucer that fits. Lime and moss will find it within a year, and that is when it starts to look right.</p><p>The plants in the pictures live here and are not for sale.</p><ul><li>16, 22 or 30 cm across the rim, with saucer</li><li>Frost-proof to −15 °C if the hole stays free</li></ul>',
    seo: {
      title: 'Courtyard Pot: frost-proof terracotta with saucer',
      description:
        'Frost-proof terracotta pots with a rolled rim and a matching saucer, in three sizes and three clays. The plants are not included.',
    },
    price: { EUR: 2400, USD: 2300 },
    weightGrams: 1600,
    options: [
      { name: 'Color', values: ['Clay', 'Oat', 'Smoke'] },
      { name: 'Size', values: ['16 cm', '22 cm', '30 cm'] },
    ],
    changes: {
      '22 cm': { price: { EUR: 3800, USD: 3600 }, weightGrams: 3400 },
      '30 cm': { price: { EUR: 6200, USD: 5900 }, weightGrams: 7200 },
    },
    stock: 22,
    frame: { place: 'studio', tone: 'sage', x: 394, y: 716, scale: 0.98 },
    looks: {
      Clay: { motif: 'pot', look: { clay: hex('Clay'), plant: 'olive' } },
      Oat: { motif: 'pot', look: { clay: hex('Oat'), plant: 'snake-plant', seed: 32 }, tone: 'clay' },
      Smoke: { motif: 'pot', look: { clay: '#8f8c82', plant: 'herb', seed: 33 }, tone: 'sky' },
    },
    scene: {
      alt: 'An agave in an oat-colored pot, in a courtyard',
      backdrop: { place: 'courtyard', tone: 'sand' },
      things: [
        { motif: 'pot', look: { clay: hex('Oat'), plant: 'snake-plant', seed: 32 }, x: 392, y: 724, scale: 1.04 },
      ],
    },
  },
  {
    number: 402,
    sku: 'CAN',
    handle: 'long-reach-watering-can',
    title: 'Long-Reach Watering Can',
    vendor: 'Acanthus Garden',
    origin: 'United Kingdom',
    materials: ['Steel', 'Brass'],
    tags: ['watering', 'steel', 'brass'],
    story:
      '<p>Balanced so that it pours when you tip it and not before. The spout reaches over one row to the next; the brass rose unscrews and goes on upside down for seedlings.</p><ul><li>5 liters, 40 cm long</li><li>Galvanized, then powder-coated inside and out</li><li>Carries full by the top handle, pours by the back one</li></ul>',
    seo: {
      title: 'Long-Reach Watering Can, 5 liters, with a brass rose',
      description:
        'A balanced five-liter watering can in galvanized steel with a long spout and a brass rose that turns over for seedlings. Three colors.',
    },
    price: { EUR: 6800, USD: 6500 },
    weightGrams: 1700,
    options: [{ name: 'Color', values: ['Pine', 'Ochre', 'Chalk'] }],
    stock: 16,
    frame: { place: 'studio', tone: 'sage', x: 384, y: 656, scale: 1.12 },
    looks: {
      Pine: { motif: 'wateringCan', look: { enamel: hex('Pine') } },
      Ochre: { motif: 'wateringCan', look: { enamel: hex('Ochre'), brass: '#dcb65e' }, tone: 'sky' },
      Chalk: { motif: 'wateringCan', look: { enamel: hex('Chalk') }, tone: 'moss' },
    },
    scene: {
      alt: 'The ochre can on a stone wall with hills behind it',
      backdrop: { place: 'hillside', view: 'hills' },
      things: [{ motif: 'wateringCan', look: { enamel: hex('Ochre'), brass: '#dcb65e' }, x: 384, y: 648, scale: 0.98 }],
    },
  },
  {
    number: 403,
    sku: 'TOOLS',
    handle: 'trowel-and-fork',
    title: 'Trowel and Fork',
    vendor: 'Acanthus Garden',
    origin: 'United Kingdom',
    materials: ['Steel', 'Wood'],
    colors: ['Gray', 'Brown'],
    tags: ['tools', 'trowel', 'fork', 'set', 'gift'],
    story:
      '<p>The two tools that do nine tenths of the work, forged in one piece from socket to tip so there is no weld to give way. Ash handles, long enough to pull with, and a loop to hang them by.</p><ul><li>Set of 2, each 31 cm</li><li>Carbon steel: wipe dry, oil now and then</li></ul>',
    seo: {
      title: 'Trowel and Fork: a forged pair with ash handles',
      description:
        'A hand trowel and fork forged in one piece from socket to tip, with ash handles and leather loops. The pair does most of the work.',
    },
    price: { EUR: 5200, USD: 4900 },
    weightGrams: 620,
    stock: 27,
    frame: { place: 'tabletop', tone: 'sage', scale: 1.12 },
    looks: { only: { motif: 'handTools', look: { handle: hex('Oak') } } },
    scene: {
      alt: 'The trowel and fork beside a pair of secateurs',
      backdrop: { place: 'tabletop', tone: 'umber' },
      things: [
        { motif: 'handTools', look: { handle: hex('Oak') }, x: 300, y: 400, scale: 0.9, turn: -20 },
        { motif: 'secateurs', look: { grip: hex('Tomato') }, x: 620, y: 470, scale: 0.62, turn: 10 },
      ],
    },
  },
  {
    number: 404,
    sku: 'SECAT',
    handle: 'orchard-secateurs',
    title: 'Orchard Secateurs',
    vendor: 'Acanthus Garden',
    origin: 'Germany',
    materials: ['Steel', 'Aluminum'],
    colors: ['Red'],
    tags: ['tools', 'pruning', 'steel'],
    story:
      '<p>Bypass secateurs for wood as thick as a thumb. Every part comes off with one key, and every part can be had as a spare, including the spring that all of them lose in the end.</p><p>The grips are red so that you find them in the grass.</p><ul><li>21 cm, cuts to 22 mm</li><li>Right-handed; left-handed on request</li></ul>',
    seo: {
      title: 'Orchard Secateurs: bypass blades, every part spare',
      description:
        'Bypass secateurs for wood up to 22 mm. Every part comes off with one key and can be had as a spare; the red grips are easy to find.',
    },
    price: { EUR: 5900, USD: 5600 },
    weightGrams: 260,
    stock: 23,
    counted: { only: 3 },
    frame: { place: 'tabletop', tone: 'sage', x: 394, y: 396, scale: 1.14 },
    looks: { only: { motif: 'secateurs', look: { grip: '#a8402f' }, tone: 'oat' } },
    scene: {
      alt: 'The secateurs on a green cloth',
      backdrop: { place: 'cloth', wood: '#8a5f3c', linen: '#cdd3c0' },
      things: [{ motif: 'secateurs', look: { grip: '#a8402f' }, x: 404, y: 404, scale: 1.22, turn: -64 }],
    },
  },
  {
    number: 405,
    sku: 'APRON',
    handle: 'potting-apron',
    title: 'Potting Apron',
    vendor: 'Volute Leather',
    origin: 'Austria',
    materials: ['Cotton', 'Leather'],
    tags: ['apron', 'canvas', 'leather', 'workwear'],
    story:
      '<p>Waxed cotton canvas that turns away water and thorns, with a neck strap of leather that does not cut. One wide pocket with a seam through it: seeds on the left, string on the right.</p><ul><li>One size, 68 × 90 cm, ties at the back or the front</li><li>Brush it; do not wash it, or the wax is gone</li></ul>',
    seo: {
      title: 'Potting Apron in waxed canvas with leather straps',
      description:
        'A waxed cotton apron with leather straps and a wide divided pocket, for the garden or the workshop. One size, in olive or rust.',
    },
    price: { EUR: 7400, USD: 6900 },
    weightGrams: 640,
    options: [{ name: 'Color', values: ['Olive', 'Rust'] }],
    stock: 15,
    frame: { place: 'wall', tone: 'sage', light: 'two-arches', y: 126, scale: 1.06 },
    looks: {
      Olive: { motif: 'apron', look: { canvas: hex('Olive') } },
      Rust: { motif: 'apron', look: { canvas: hex('Rust'), leather: '#6b4630' }, tone: 'sky' },
    },
    scene: {
      alt: 'The rust apron hanging on a peg rail',
      backdrop: { place: 'rail', tone: 'oat', wood: '#c29b6b' },
      things: [{ motif: 'apron', look: { canvas: hex('Rust'), leather: '#6b4630' }, x: 400, y: 156, scale: 1.02 }],
    },
  },
  {
    number: 406,
    sku: 'WREN',
    handle: 'wren-house',
    title: 'Wren House',
    vendor: 'Astragal Joinery',
    origin: 'Denmark',
    materials: ['Wood'],
    tags: ['birds', 'wood', 'gift'],
    story:
      '<p>A nesting box with a small temple front. The hole is 32 mm, which suits tits and wrens and keeps out starlings. The floor slides out in autumn, when the tenants have gone and the place needs sweeping.</p><p>The bird is in the picture only.</p><ul><li>24 × 18 × 30 cm, larch, with post or wall plate</li><li>Painted outside, left bare inside</li></ul>',
    seo: {
      title: 'Wren House: a larch nesting box with a 32 mm door',
      description:
        'A larch nesting box with a small temple front and a 32 mm hole for tits and wrens. The floor slides out for cleaning in autumn.',
    },
    price: { EUR: 6400, USD: 5900 },
    was: { EUR: 7900, USD: 7400 },
    weightGrams: 2300,
    options: [{ name: 'Color', values: ['Sea', 'Chalk', 'Ochre'] }],
    stock: 12,
    frame: { place: 'studio', tone: 'sage', x: 394, y: 712, scale: 1.12 },
    looks: {
      Sea: { motif: 'birdhouse', look: { paint: hex('Sea'), roof: '#6a4630' } },
      Chalk: { motif: 'birdhouse', look: { paint: '#e9e2d4', roof: hex('Slate') }, tone: 'sky' },
      Ochre: { motif: 'birdhouse', look: { paint: hex('Ochre'), roof: '#5a4030' }, tone: 'sand' },
    },
    scene: {
      alt: 'The wren house on a garden wall above the sea',
      backdrop: { place: 'hillside', view: 'sea' },
      things: [{ motif: 'birdhouse', look: { paint: '#e9e2d4', roof: hex('Slate') }, x: 394, y: 652, scale: 1.02 }],
    },
  },
  {
    number: 407,
    sku: 'SEEDS',
    handle: 'seed-tin',
    title: 'Seed Tin',
    vendor: 'Acanthus Garden',
    origin: 'Germany',
    materials: ['Steel', 'Paper'],
    tags: ['seeds', 'tin', 'gift', 'spring'],
    story:
      '<p>Six packets of open-pollinated seed in a tin with a lid that mice cannot manage. Choose a kitchen’s worth of herbs, a square meter of meadow, or salad from May to frost. When the seed is sown, the tin is for string.</p><ul><li>6 packets, each for about 2 m²</li><li>Sowing notes on every packet</li><li>Seed is good for three seasons</li></ul>',
    seo: {
      title: 'Seed Tin: six packets of herbs, meadow or salad',
      description:
        'Six packets of open-pollinated seed in a mouse-proof tin: kitchen herbs, a square of meadow, or salad from May to frost.',
    },
    price: { EUR: 2800, USD: 2700 },
    weightGrams: 380,
    options: [{ name: 'Mix', values: ['Meadow', 'Kitchen herbs', 'Salad leaves'] }],
    colors: ['Green', 'Yellow', 'Blue'],
    stock: 34,
    frame: { place: 'studio', tone: 'sage', x: 394, y: 672, scale: 1.14 },
    looks: {
      Meadow: { motif: 'seedTin', look: { tin: hex('Pine'), paper: '#f1e6d2', flower: '#c4604f' } },
      'Kitchen herbs': {
        motif: 'seedTin',
        look: { tin: hex('Ochre'), paper: '#f1e6d2', flower: '#7a5f9a' },
        tone: 'sky',
      },
      'Salad leaves': { motif: 'seedTin', look: { tin: hex('Ink'), paper: '#efe8d6', flower: '#a3a83c' }, tone: 'oat' },
    },
    scene: {
      alt: 'The seed tin on a window sill, hills behind it',
      backdrop: { place: 'sill', tone: 'sage', view: 'hills' },
      things: [
        {
          motif: 'seedTin',
          look: { tin: hex('Pine'), paper: '#f1e6d2', flower: '#c4604f' },
          x: 392,
          y: 676,
          scale: 1.02,
        },
      ],
    },
  },
  {
    number: 408,
    sku: 'LANT',
    handle: 'terrace-lantern',
    title: 'Terrace Lantern',
    vendor: 'Cavetto Works',
    origin: 'Belgium',
    materials: ['Steel', 'Glass'],
    tags: ['lantern', 'candle', 'light', 'terrace'],
    story:
      '<p>A lantern that a candle stays alight in. The air comes in under the floor and leaves through four small arches in the roof, so the wind goes round the flame and not through it.</p><ul><li>Small 26 cm, Large 38 cm, for pillars up to 7 or 10 cm</li><li>One glass side slides up; replacement panes cost little</li></ul>',
    seo: {
      title: 'Terrace Lantern with an arched roof, two sizes',
      description:
        'A windproof steel and glass lantern with four small arches in the roof to let the warm air out. Two sizes, in soot or a brass finish.',
    },
    price: { EUR: 4900, USD: 4700 },
    weightGrams: 1300,
    options: [
      { name: 'Color', values: ['Soot', 'Brass'] },
      { name: 'Size', values: ['Small', 'Large'] },
    ],
    changes: { Large: { price: { EUR: 7900, USD: 7500 }, weightGrams: 2600 } },
    stock: 14,
    frame: { place: 'studio', tone: 'sage', x: 394, y: 684, scale: 1.16 },
    looks: {
      Soot: { motif: 'lantern', look: { frame: hex('Soot') } },
      Brass: { motif: 'lantern', look: { frame: '#b98d3e' }, tone: 'slate' },
    },
    scene: {
      alt: 'The lantern burning on a wall at dusk',
      backdrop: { place: 'hillside', view: 'dusk' },
      things: [{ motif: 'lantern', look: { frame: hex('Soot') }, x: 394, y: 654, scale: 1.06 }],
    },
  },
  {
    number: 409,
    sku: 'TRUG',
    handle: 'willow-trug',
    title: 'Willow Trug',
    vendor: 'Acanthus Garden',
    origin: 'United Kingdom',
    materials: ['Willow'],
    colors: ['Brown', 'Beige'],
    tags: ['basket', 'willow', 'harvest'],
    story:
      '<p>A round-bottomed basket of whole willow, woven wet around a hoop that is both rim and handle. It creaks for the first month and then it is yours.</p><p>For apples, eggs, weeds, washing, a small dog.</p><ul><li>Medium 38 cm, Large 48 cm long</li><li>Keep it dry in winter and it lasts twenty years</li></ul>',
    seo: {
      title: 'Willow Trug: a hooped garden basket, two sizes',
      description:
        'A hooped basket of whole willow for apples, eggs, weeds or washing. Woven wet around one hoop that is both rim and handle; two sizes.',
    },
    price: { EUR: 5400, USD: 5200 },
    weightGrams: 900,
    options: [{ name: 'Size', values: ['Medium', 'Large'] }],
    changes: { Large: { price: { EUR: 6900, USD: 6600 }, weightGrams: 1300 } },
    stock: 13,
    frame: { place: 'studio', tone: 'oat', x: 396, y: 660, scale: 1.12 },
    looks: { only: { motif: 'trug', look: { willow: '#b8864a', harvest: false } } },
    scene: {
      alt: 'The trug full of apples in a courtyard',
      backdrop: { place: 'courtyard', tone: 'sage' },
      things: [{ motif: 'trug', look: { willow: '#b8864a' }, x: 396, y: 708 }],
    },
  },
  {
    number: 410,
    sku: 'BENCH',
    handle: 'colonnade-bench',
    title: 'Colonnade Bench',
    vendor: 'Astragal Joinery',
    origin: 'Denmark',
    materials: ['Wood', 'Steel'],
    colors: ['Brown'],
    tags: ['bench', 'seat', 'garden', 'wood'],
    story:
      '<p>A bench for two who get on, or three who get on well. Slats of thermally treated ash on a steel frame: no oil, no varnish, it simply goes silver. Comes in one long box with four bolts.</p><p>Made in batches. When a batch is gone, your order is taken for the next one, about five weeks on.</p><ul><li>150 × 60 × 82 cm, 21 kg</li><li>Feet that level themselves on rough ground</li></ul>',
    seo: {
      title: 'Colonnade Bench in treated ash and steel, 150 cm',
      description:
        'A garden bench for two or three with slats of thermally treated ash on a steel frame. Needs no oil; goes silver. Four bolts to put up.',
    },
    price: { EUR: 48900, USD: 45900 },
    weightGrams: 21000,
    stock: 2,
    counted: { only: 0 },
    policy: 'continue',
    frame: { place: 'studio', tone: 'sage', x: 394, y: 664, scale: 1.06 },
    looks: { only: { motif: 'bench', look: { wood: '#b88a58' } } },
    scene: {
      alt: 'The bench in a courtyard, an arcade behind it',
      backdrop: { place: 'courtyard', tone: 'oat' },
      things: [{ motif: 'bench', look: { wood: '#b88a58' }, x: 396, y: 712, scale: 0.98 }],
    },
  },
]
