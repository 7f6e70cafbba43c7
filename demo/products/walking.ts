import { hex } from '../palette.ts'
import type { ProductSheet } from '../product-sheet.ts'

/** What goes along on the road. */
export const walking: readonly ProductSheet[] = [
  {
    number: 501,
    sku: 'RUCK',
    handle: 'peripatos-rucksack',
    title: 'Peripatos Rucksack',
    vendor: 'Volute Leather',
    origin: 'Austria',
    materials: ['Cotton', 'Leather'],
    tags: ['rucksack', 'bag', 'canvas', 'leather'],
    story:
      '<p>Aristotle taught while walking; he would have wanted both hands free. A rucksack in dry-waxed canvas with one large room, one front pocket and a sleeve against the back for a laptop or a newspaper.</p><p>The straps are leather where they are touched and webbing where they carry. Every buckle can be replaced with a screwdriver.</p><ul><li>16 or 24 liters; laptop up to 14 or 16 inches</li><li>Sheds rain for an hour; can be waxed again</li></ul>',
    seo: {
      title: 'Peripatos Rucksack in waxed canvas, 16 or 24 liters',
      description:
        'A dry-waxed canvas rucksack with leather straps, a front pocket and a laptop sleeve. 16 or 24 liters; every buckle can be replaced.',
    },
    price: { EUR: 16900, USD: 15900 },
    weightGrams: 1100,
    options: [
      { name: 'Color', values: ['Olive', 'Ink', 'Ochre'] },
      { name: 'Volume', values: ['16 l', '24 l'] },
    ],
    changes: { '24 l': { price: { EUR: 19900, USD: 18900 }, weightGrams: 1350 } },
    stock: 12,
    counted: { 'Ochre / 24 l': 0 },
    frame: { place: 'studio', tone: 'sky', x: 398, y: 680, scale: 1.14 },
    looks: {
      Olive: { motif: 'rucksack', look: { canvas: hex('Olive') } },
      Ink: { motif: 'rucksack', look: { canvas: hex('Ink') }, tone: 'sand' },
      Ochre: { motif: 'rucksack', look: { canvas: hex('Ochre'), leather: '#6b4630' }, tone: 'sage' },
    },
    scene: {
      alt: 'An ink rucksack on a dry stone wall',
      backdrop: { place: 'hillside', view: 'hills' },
      things: [{ motif: 'rucksack', look: { canvas: hex('Ink') }, x: 396, y: 648, scale: 1.02 }],
    },
  },
  {
    number: 502,
    sku: 'FLASK',
    handle: 'second-wind-flask',
    title: 'Second Wind Flask',
    vendor: 'Cavetto Works',
    origin: 'Germany',
    materials: ['Steel'],
    tags: ['flask', 'bottle', 'coffee', 'tea'],
    story:
      '<p>Keeps tea hot until the top and the rest of it warm until the train. The cap is the cup. One seal, which you can buy for the price of a coffee, and nothing else that can break.</p><ul><li>350 ml or 500 ml, double-walled steel</li><li>Hot for 12 hours, cold for 24</li><li>Flask by hand, cap in the dishwasher</li></ul>',
    seo: {
      title: 'Second Wind Flask: double-walled steel, cap for a cup',
      description:
        'A double-walled steel flask whose cap is the cup. Hot for twelve hours, one replaceable seal, in 350 or 500 ml and three colors.',
    },
    price: { EUR: 3400, USD: 3300 },
    weightGrams: 310,
    options: [
      { name: 'Color', values: ['Pine', 'Tomato', 'Chalk'] },
      { name: 'Volume', values: ['350 ml', '500 ml'] },
    ],
    changes: { '500 ml': { price: { EUR: 3900, USD: 3800 }, weightGrams: 390 } },
    stock: 38,
    frame: { place: 'studio', tone: 'sky', x: 392, y: 686, scale: 1.16 },
    looks: {
      Pine: { motif: 'flask', look: { coat: hex('Pine') }, tone: 'sand' },
      Tomato: { motif: 'flask', look: { coat: hex('Tomato') } },
      Chalk: { motif: 'flask', look: { coat: hex('Chalk') }, tone: 'slate' },
    },
    scene: {
      alt: 'A red flask on a wall above the sea',
      backdrop: { place: 'hillside', view: 'sea' },
      things: [
        { motif: 'flask', look: { coat: hex('Tomato') }, x: 300, y: 650, scale: 0.96 },
        { motif: 'campMug', look: { enamel: hex('Chalk') }, x: 548, y: 656, scale: 0.5 },
      ],
    },
  },
  {
    number: 503,
    sku: 'BOOT',
    handle: 'drystone-boots',
    title: 'Drystone Boots',
    vendor: 'Volute Leather',
    origin: 'Austria',
    materials: ['Leather', 'Rubber'],
    tags: ['boots', 'shoes', 'leather', 'walking'],
    story:
      '<p>Walking boots for paths, pavements and the odd stile. Full-grain leather, stitched to the sole and not glued, so a cobbler can put a new one on when you have walked this one through. Roomy at the toes; most people take their usual size.</p><ul><li>Sizes 38 to 45, true to size</li><li>Greased leather, rubber sole, wool felt insole</li><li>Give them two weeks</li></ul>',
    seo: {
      title: 'Drystone Boots: stitched walking boots, 38 to 45',
      description:
        'Full-grain leather walking boots with a stitched sole that a cobbler can replace. Sizes 38 to 45, in walnut or soot; give them two weeks.',
    },
    price: { EUR: 22900, USD: 21500 },
    weightGrams: 1450,
    options: [
      { name: 'Color', values: ['Walnut', 'Soot'] },
      { name: 'Size', values: ['38', '39', '40', '41', '42', '43', '44', '45'] },
    ],
    stock: 8,
    counted: { 'Walnut / 42': 1, 'Walnut / 43': 0, 'Soot / 38': 0 },
    frame: { place: 'studio', tone: 'sky', x: 396, y: 650, scale: 1.16 },
    looks: {
      Walnut: { motif: 'boots', look: { leather: hex('Walnut') } },
      Soot: { motif: 'boots', look: { leather: '#45403d', lace: '#b4472f' }, tone: 'sand' },
    },
    scene: {
      alt: 'The boots on a stone wall, a path behind them',
      backdrop: { place: 'hillside', view: 'hills' },
      things: [{ motif: 'boots', look: { leather: hex('Walnut') }, x: 396, y: 648, scale: 1.06 }],
    },
  },
  {
    number: 504,
    sku: 'UMBR',
    handle: 'portico-umbrella',
    title: 'Portico Umbrella',
    vendor: 'Volute Leather',
    origin: 'Italy',
    materials: ['Cotton', 'Wood', 'Steel'],
    tags: ['umbrella', 'rain', 'wood', 'gift'],
    story:
      '<p>A roof to carry. Eight steel ribs that turn inside out in a gale and turn back without complaint, a canopy of tightly woven cotton, and a chestnut crook that hooks over a chair.</p><ul><li>94 cm long, 110 cm across when open</li><li>Opens by hand, quietly</li><li>Ribs and canopy can be repaired; we do it in the shop</li></ul>',
    seo: {
      title: 'Portico Umbrella with a chestnut crook, 110 cm',
      description:
        'A cotton umbrella on eight steel ribs with a chestnut crook. Turns inside out in a gale and back again; we repair it in the shop.',
    },
    price: { EUR: 8900, USD: 8500 },
    weightGrams: 560,
    options: [{ name: 'Color', values: ['Ink', 'Ochre', 'Pine'] }],
    stock: 16,
    frame: { place: 'studio', tone: 'sky', x: 386, y: 664, scale: 1.12 },
    looks: {
      Ink: { motif: 'umbrella', look: { canopy: hex('Ink') }, tone: 'sage' },
      Ochre: { motif: 'umbrella', look: { canopy: hex('Ochre') } },
      Pine: { motif: 'umbrella', look: { canopy: hex('Pine') }, tone: 'rose' },
    },
    scene: {
      alt: 'The pine umbrella set down to dry in a courtyard',
      backdrop: { place: 'courtyard', tone: 'stone' },
      things: [{ motif: 'umbrella', look: { canopy: hex('Pine') }, x: 392, y: 716, scale: 0.98 }],
    },
  },
  {
    number: 505,
    sku: 'TOTE',
    handle: 'arcade-market-bag',
    title: 'Arcade Market Bag',
    vendor: 'Volute Leather',
    origin: 'Austria',
    materials: ['Cotton', 'Leather'],
    tags: ['bag', 'tote', 'canvas', 'market'],
    story:
      '<p>A bag that stands by itself while you pack it. Stiff canvas, a flat bottom, and leather handles long enough for a shoulder in a coat. An inside pocket keeps the keys out of the leeks.</p><ul><li>42 × 36 × 16 cm, carries 15 kg</li><li>18-ounce cotton canvas, rivets of copper</li><li>Sponge it; the leather wants no machine</li></ul>',
    seo: {
      title: 'Arcade Market Bag in stiff canvas with leather handles',
      description:
        'A stiff canvas market bag that stands by itself, with leather handles for a shoulder in a coat and a pocket for keys. Carries 15 kg.',
    },
    price: { EUR: 7900, USD: 7500 },
    weightGrams: 720,
    options: [{ name: 'Color', values: ['Oat', 'Rust', 'Ink'] }],
    stock: 20,
    frame: { place: 'studio', tone: 'sky', x: 394, y: 680, scale: 1.12 },
    looks: {
      Oat: { motif: 'tote', look: { canvas: hex('Oat'), handles: '#8a5a36', print: hex('Ink') } },
      Rust: { motif: 'tote', look: { canvas: hex('Rust'), handles: '#5a3a26', print: '#f0d9b8' }, tone: 'sand' },
      Ink: { motif: 'tote', look: { canvas: hex('Ink'), handles: '#8a5a36', print: '#e4d8c2' }, tone: 'oat' },
    },
    scene: {
      alt: 'The oat bag on the pavement of a courtyard',
      backdrop: { place: 'courtyard', tone: 'clay' },
      things: [{ motif: 'tote', look: { canvas: hex('Oat'), handles: '#8a5a36', print: hex('Ink') }, x: 392, y: 716 }],
    },
  },
  {
    number: 506,
    sku: 'PICNIC',
    handle: 'orchard-blanket',
    title: 'Orchard Blanket',
    vendor: 'Meander Mill',
    origin: 'Lithuania',
    materials: ['Wool', 'Leather'],
    tags: ['blanket', 'picnic', 'wool', 'gift'],
    story:
      '<p>A wool blanket with a waxed back, so the damp of the grass stays where it is. Rolls up around its own leather carrier and goes over a handlebar, a shoulder or the back seat.</p><ul><li>150 × 200 cm, 60 cm wide when rolled</li><li>Recycled wool, waxed cotton back</li><li>Shake it, air it, sponge it</li></ul>',
    seo: {
      title: 'Orchard Blanket: waxed-back wool with a carrier',
      description:
        'A checked wool picnic blanket with a waxed back against damp grass, rolled in its own leather carrier. 150 × 200 cm, in three checks.',
    },
    price: { EUR: 12900, USD: 11900 },
    was: { EUR: 14900, USD: 13900 },
    weightGrams: 2100,
    options: [{ name: 'Color', values: ['Rust', 'Pine', 'Sky'] }],
    stock: 11,
    frame: { place: 'studio', tone: 'sky', x: 398, y: 652, scale: 1.12 },
    looks: {
      Rust: { motif: 'blanketRoll', look: { cloth: '#efe6d6', second: '#b5522f' } },
      Pine: { motif: 'blanketRoll', look: { cloth: '#e6dfca', second: hex('Pine') }, tone: 'sand' },
      Sky: { motif: 'blanketRoll', look: { cloth: '#eef0ec', second: '#5d88a6' }, tone: 'sage' },
    },
    scene: {
      alt: 'The rolled blanket on a wall with the sea behind it',
      backdrop: { place: 'hillside', view: 'sea' },
      things: [{ motif: 'blanketRoll', look: { cloth: '#e6dfca', second: hex('Pine') }, x: 398, y: 648, scale: 0.98 }],
    },
  },
  {
    number: 507,
    sku: 'STICK',
    handle: 'ash-walking-stick',
    title: 'Ash Walking Stick',
    vendor: 'Astragal Joinery',
    origin: 'United Kingdom',
    materials: ['Wood', 'Brass'],
    colors: ['Brown'],
    tags: ['stick', 'wood', 'walking'],
    story:
      '<p>A straight ash shoot, steamed and bent to a crook, with the bark left on below the collar. It was grown for this: six years in a coppice, one winter in the shed.</p><p>Pick the length by standing in your walking shoes and measuring from wrist to floor.</p><ul><li>86, 92 or 98 cm; can be shortened</li><li>Brass collar and ferrule, leather loop</li></ul>',
    seo: {
      title: 'Ash Walking Stick with a steam-bent crook',
      description:
        'A coppiced ash stick with a steam-bent crook, a brass collar and a leather loop. Three lengths; we shorten it if you ask.',
    },
    price: { EUR: 6200, USD: 5900 },
    weightGrams: 380,
    options: [{ name: 'Length', values: ['86 cm', '92 cm', '98 cm'] }],
    stock: 9,
    frame: { place: 'studio', tone: 'sage', x: 440, y: 690, scale: 1.18 },
    looks: { only: { motif: 'walkingStick', look: { wood: '#b88a58' } } },
    scene: {
      alt: 'The stick leaning against a wall in the hills, a straw hat beside it',
      backdrop: { place: 'hillside', view: 'hills' },
      things: [
        { motif: 'hat', look: { straw: '#dcb877', ribbon: hex('Ink') }, x: 330, y: 648, scale: 0.62 },
        { motif: 'walkingStick', look: { wood: '#b88a58' }, x: 610, y: 760, scale: 1.08 },
      ],
    },
  },
  {
    number: 508,
    sku: 'CAMP',
    handle: 'summit-camp-mug',
    title: 'Summit Camp Mug',
    vendor: 'Cavetto Works',
    origin: 'Poland',
    materials: ['Enamel', 'Steel'],
    tags: ['mug', 'enamel', 'camping', 'gift'],
    story:
      '<p>Steel inside, glass outside. It goes on the fire, falls off the wall and comes home with a chip that has a story. The rim is rolled, so it does not burn your lip before the tea does.</p><ul><li>400 ml, 8.5 cm tall</li><li>Fit for flame, stove and dishwasher; not for the microwave</li></ul>',
    seo: {
      title: 'Summit Camp Mug in enamelled steel, 400 ml',
      description:
        'An enamelled steel mug with a rolled rim that goes on the fire and in the dishwasher. 400 ml, printed with a small range of mountains.',
    },
    price: { EUR: 1600, USD: 1600 },
    weightGrams: 150,
    options: [{ name: 'Color', values: ['Chalk', 'Sky', 'Tomato'] }],
    stock: 55,
    frame: { place: 'studio', tone: 'sky', x: 374, y: 664, scale: 1.14 },
    looks: {
      Chalk: { motif: 'campMug', look: { enamel: hex('Chalk') } },
      Sky: { motif: 'campMug', look: { enamel: hex('Sky') }, tone: 'sand' },
      Tomato: { motif: 'campMug', look: { enamel: hex('Tomato'), rim: '#f3e8d6' }, tone: 'sage' },
    },
    scene: {
      alt: 'Two camp mugs on a wall at dusk',
      backdrop: { place: 'hillside', view: 'dusk' },
      things: [
        { motif: 'campMug', look: { enamel: hex('Sky') }, x: 500, y: 648, scale: 0.68 },
        { motif: 'campMug', look: { enamel: hex('Chalk') }, x: 240, y: 660, scale: 0.78 },
      ],
    },
  },
  {
    number: 509,
    sku: 'TIN',
    handle: 'noonday-lunch-tin',
    title: 'Noonday Lunch Tin',
    vendor: 'Cavetto Works',
    origin: 'Germany',
    materials: ['Steel', 'Wood', 'Cotton'],
    tags: ['lunch', 'tin', 'picnic'],
    story:
      '<p>Two tins, one on the other, under a beech lid that is also the cutting board. A canvas strap holds it shut and makes a handle. Nothing in it seals perfectly; carry the soup in a flask.</p><ul><li>19 × 12 × 13 cm, two compartments of 700 ml</li><li>Tins dishwasher safe, lid by hand</li></ul>',
    seo: {
      title: 'Noonday Lunch Tin: two tiers under a beech lid',
      description:
        'A two-tier steel lunch tin under a beech lid that is also the cutting board, held by a canvas strap. Two compartments of 700 ml.',
    },
    price: { EUR: 4400, USD: 4200 },
    weightGrams: 690,
    options: [{ name: 'Strap', values: ['Rust', 'Olive', 'Ink'] }],
    stock: 24,
    frame: { place: 'studio', tone: 'sky', x: 394, y: 672, scale: 1.14 },
    looks: {
      Rust: { motif: 'lunchTin', look: { tin: hex('Steel'), strap: hex('Rust') } },
      Olive: { motif: 'lunchTin', look: { tin: hex('Steel'), strap: hex('Olive') }, tone: 'sand' },
      Ink: { motif: 'lunchTin', look: { tin: hex('Steel'), strap: hex('Ink') }, tone: 'sage' },
    },
    scene: {
      alt: 'The lunch tin on a wall with a view of the hills',
      backdrop: { place: 'hillside', view: 'hills' },
      things: [{ motif: 'lunchTin', look: { tin: hex('Steel'), strap: hex('Olive') }, x: 394, y: 650, scale: 1.02 }],
    },
  },
  {
    number: 510,
    sku: 'COMP',
    handle: 'wayfinder-compass',
    title: 'Wayfinder Compass',
    vendor: 'Cavetto Works',
    origin: 'Germany',
    materials: ['Brass', 'Glass'],
    colors: ['Yellow'],
    tags: ['compass', 'brass', 'gift'],
    story:
      '<p>A pocket compass with a lid, for people who like to know. The needle runs on a sapphire and settles in four seconds; the lid locks it when closed. It does one thing and needs no charging.</p><ul><li>5 cm across, 78 g</li><li>Balanced for the northern hemisphere</li><li>Can be engraved inside the lid; ask us</li></ul>',
    seo: {
      title: 'Wayfinder Compass: a brass pocket compass with a lid',
      description:
        'A brass pocket compass with a lid that locks the needle. Runs on a sapphire, settles in four seconds, and never needs charging.',
    },
    price: { EUR: 8400, USD: 7900 },
    weightGrams: 110,
    stock: 10,
    counted: { only: 0 },
    frame: { place: 'tabletop', tone: 'sky', x: 400, y: 424, scale: 0.98 },
    looks: { only: { motif: 'compass', look: { brass: hex('Brass'), dial: hex('Chalk') } } },
    scene: {
      alt: 'The compass beside a notebook',
      backdrop: { place: 'cloth', wood: '#8a5f3c', linen: '#d9cfbe' },
      things: [
        { motif: 'notebook', look: { cover: hex('Ink'), band: hex('Clay') }, x: 290, y: 390, scale: 0.92, turn: -6 },
        { motif: 'compass', look: { brass: hex('Brass'), dial: hex('Chalk') }, x: 590, y: 440, scale: 0.62, turn: 12 },
      ],
    },
  },
]
