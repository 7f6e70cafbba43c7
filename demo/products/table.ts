import { hex } from '../palette.ts'
import type { ProductSheet } from '../product-sheet.ts'

/** What stands on the table. */
export const table: readonly ProductSheet[] = [
  {
    number: 101,
    sku: 'MUG',
    handle: 'agora-mug',
    title: 'Agora Mug',
    vendor: 'Tessera Pottery',
    origin: 'Portugal',
    materials: ['Stoneware'],
    tags: ['mug', 'coffee', 'tea', 'stoneware', 'gift'],
    story:
      '<p>A straight-sided mug that holds a proper coffee and still fits under the machine. Each one is dipped by hand, so the glaze line sits a little differently every time, and the bare foot shows the clay it is made of.</p><p>The handle takes three fingers. The rim is thin enough to drink tea from.</p><ul><li>300 ml, 9.5 cm tall</li><li>Dishwasher and microwave safe</li><li>The unglazed foot darkens with use</li></ul>',
    seo: {
      title: 'Agora Mug: hand-dipped stoneware, 300 ml',
      description:
        'A straight stoneware mug, dipped by hand in four glazes. Holds 300 ml, goes in the dishwasher, and shows its clay at the foot.',
    },
    price: { EUR: 2200, USD: 2200 },
    weightGrams: 360,
    options: [{ name: 'Color', values: ['Chalk', 'Clay', 'Olive', 'Ink'] }],
    stock: 64,
    frame: { place: 'studio', tone: 'sand', x: 376, y: 660 },
    looks: {
      Chalk: { motif: 'mug', look: { glaze: hex('Chalk'), seed: 1 }, tone: 'clay' },
      Clay: { motif: 'mug', look: { glaze: hex('Clay'), seed: 2 } },
      Olive: { motif: 'mug', look: { glaze: hex('Olive'), seed: 3 } },
      Ink: { motif: 'mug', look: { glaze: hex('Ink'), seed: 4 } },
    },
    scene: {
      alt: 'Two Agora mugs on a wooden table, one of them full of coffee',
      backdrop: { place: 'table', tone: 'oat', wood: '#a8774a' },
      things: [
        { motif: 'mug', look: { glaze: hex('Olive'), seed: 3 }, x: 520, y: 650, scale: 0.62 },
        { motif: 'mug', look: { glaze: hex('Chalk'), seed: 1, drink: '#4a2c1c' }, x: 260, y: 716, scale: 0.78 },
      ],
    },
  },
  {
    number: 102,
    sku: 'TUMB',
    handle: 'fluted-tumblers',
    title: 'Fluted Tumblers',
    vendor: 'Entasis Glass',
    origin: 'Czechia',
    materials: ['Glass'],
    tags: ['glass', 'water', 'wine', 'set'],
    story:
      '<p>Pressed glass with a heavy foot and eleven flutes that give wet fingers something to hold. We sell them in twos, fours and sixes because nobody ever needed one.</p><p>Good for water, better for wine, best for the end of the bottle.</p><ul><li>240 ml each, 10 cm tall</li><li>Stackable, dishwasher safe</li><li>Colored through and through, not coated</li></ul>',
    seo: {
      title: 'Fluted Tumblers in pressed glass, sets of 2, 4 or 6',
      description:
        'Heavy-footed pressed glass tumblers with eleven flutes, in clear, amber or sea green. Sets of two, four or six; dishwasher safe.',
    },
    price: { EUR: 1800, USD: 1800 },
    weightGrams: 560,
    options: [
      { name: 'Color', values: ['Clear', 'Amber', 'Sea'] },
      { name: 'Set', values: ['Set of 2', 'Set of 4', 'Set of 6'] },
    ],
    changes: {
      'Set of 4': { price: { EUR: 3400, USD: 3400 }, weightGrams: 1120 },
      'Set of 6': { price: { EUR: 4800, USD: 4800 }, weightGrams: 1680 },
    },
    stock: 30,
    counted: { 'Sea / Set of 6': 2 },
    frame: { place: 'studio', tone: 'sage', x: 390, y: 672, scale: 1.08 },
    looks: {
      Clear: { motif: 'tumbler', look: { tint: hex('Clear') } },
      Amber: { motif: 'tumbler', look: { tint: hex('Amber'), depth: 2 }, tone: 'sand' },
      Sea: { motif: 'tumbler', look: { tint: hex('Sea'), depth: 1.8 }, tone: 'oat' },
    },
    scene: {
      alt: 'An amber tumbler and a clear one on a sill above the sea',
      backdrop: { place: 'sill', tone: 'sand', view: 'sea' },
      things: [
        {
          motif: 'tumbler',
          look: { tint: hex('Amber'), depth: 2, count: 1, water: false },
          x: 300,
          y: 668,
          scale: 0.78,
        },
        { motif: 'tumbler', look: { tint: hex('Clear'), count: 1 }, x: 500, y: 684, scale: 0.78 },
      ],
    },
  },
  {
    number: 103,
    sku: 'CARA',
    handle: 'symposium-carafe',
    title: 'Symposium Carafe',
    vendor: 'Entasis Glass',
    origin: 'Czechia',
    materials: ['Glass', 'Cork'],
    tags: ['glass', 'water', 'wine', 'carafe'],
    story:
      '<p>A mouth-blown carafe for the middle of the table. The belly is wide enough to let a young wine breathe and the neck is narrow enough to pour from with one hand. A ball of cork keeps flies out on summer evenings.</p><ul><li>1.1 liters</li><li>Mouth-blown, so small bubbles are part of it</li><li>Wash by hand; the cork does not like to soak</li></ul>',
    seo: {
      title: 'Symposium Carafe, mouth-blown with a cork ball',
      description:
        'A mouth-blown 1.1 liter carafe with a cork ball, for water or a young wine. Easy to pour from with one hand, in clear or smoke glass.',
    },
    price: { EUR: 4900, USD: 4800 },
    weightGrams: 780,
    options: [{ name: 'Color', values: ['Clear', 'Smoke'] }],
    stock: 22,
    frame: { place: 'studio', tone: 'rose', x: 392, y: 668, scale: 1.06 },
    looks: {
      Clear: { motif: 'carafe', look: { tint: hex('Clear') }, tone: 'sage' },
      Smoke: { motif: 'carafe', look: { tint: '#6f6a66', depth: 1.5 } },
    },
    scene: {
      alt: 'A full carafe beside a tumbler on a long table',
      backdrop: { place: 'table', tone: 'clay', wood: '#8a5f3c' },
      things: [
        { motif: 'carafe', look: { tint: hex('Clear') }, x: 320, y: 690, scale: 0.95 },
        { motif: 'tumbler', look: { tint: hex('Clear'), count: 1 }, x: 580, y: 716, scale: 0.6 },
      ],
    },
  },
  {
    number: 104,
    sku: 'PLATE',
    handle: 'tessera-plate',
    title: 'Tessera Plate',
    vendor: 'Tessera Pottery',
    origin: 'Portugal',
    materials: ['Stoneware'],
    tags: ['plate', 'stoneware', 'dinner'],
    story:
      '<p>A flat plate with a low rim, thrown on the wheel; the rings in the middle are the marks of the potter’s fingers. The small one is right for breakfast and cake, the large one for everything else.</p><p>The edge is wiped clean of glaze, so the plates stack without scratching one another.</p><ul><li>20 cm or 27 cm across</li><li>Dishwasher and oven safe to 220 °C</li></ul>',
    seo: {
      title: 'Tessera Plate: wheel-thrown stoneware, 20 or 27 cm',
      description:
        'Wheel-thrown stoneware plates with a low rim and a bare clay edge. Breakfast and dinner size, in three glazes that stack well together.',
    },
    price: { EUR: 2400, USD: 2400 },
    weightGrams: 480,
    options: [
      { name: 'Color', values: ['Chalk', 'Sage', 'Ink'] },
      { name: 'Size', values: ['20 cm', '27 cm'] },
    ],
    changes: { '27 cm': { price: { EUR: 3200, USD: 3200 }, weightGrams: 860 } },
    stock: 48,
    frame: { place: 'tabletop', tone: 'oat' },
    looks: {
      Chalk: { motif: 'plate', look: { glaze: hex('Chalk'), rim: '#7a5a3c', seed: 13 }, tone: 'clay' },
      Sage: { motif: 'plate', look: { glaze: hex('Sage'), rim: '#c9ab88', seed: 14 } },
      Ink: { motif: 'plate', look: { glaze: hex('Ink'), rim: '#c9ab88', seed: 15 } },
    },
    scene: {
      alt: 'A small chalk plate on a large ink one, laid on linen',
      backdrop: { place: 'cloth', wood: '#a8774a', linen: '#eee5d5' },
      things: [
        { motif: 'plate', look: { glaze: hex('Ink'), rim: '#c9ab88', seed: 15 }, x: 392, y: 404 },
        { motif: 'plate', look: { glaze: hex('Chalk'), rim: '#7a5a3c', seed: 13, radius: 204 }, x: 396, y: 400 },
      ],
    },
  },
  {
    number: 105,
    sku: 'BOWL',
    handle: 'krater-serving-bowl',
    title: 'Krater Serving Bowl',
    vendor: 'Tessera Pottery',
    origin: 'Portugal',
    materials: ['Stoneware'],
    tags: ['bowl', 'stoneware', 'serving', 'salad'],
    story:
      '<p>In the old world the krater stood in the middle of the room and everyone helped themselves. This one does salad for six, lemons for a still life, or bread dough under a towel.</p><p>It stands on a turned foot, so it can go from the oven to the table without a mat, if you are quick.</p><ul><li>30 cm across, 3.2 liters</li><li>Dishwasher and oven safe to 220 °C</li></ul>',
    seo: {
      title: 'Krater Serving Bowl in stoneware, 3.2 liters',
      description:
        'A wide stoneware serving bowl on a turned foot: salad for six, or lemons for a still life. 30 cm across, in chalk, clay or pine.',
    },
    price: { EUR: 6800, USD: 6500 },
    weightGrams: 1850,
    options: [{ name: 'Color', values: ['Pine', 'Clay', 'Chalk'] }],
    stock: 18,
    frame: { place: 'studio', tone: 'clay', x: 396, y: 640, scale: 1.08 },
    looks: {
      Pine: { motif: 'bowl', look: { glaze: hex('Pine'), inside: hex('Chalk'), filled: 'lemons', seed: 5 } },
      Clay: { motif: 'bowl', look: { glaze: hex('Clay'), inside: '#efe2cd', seed: 6 }, tone: 'sand' },
      Chalk: { motif: 'bowl', look: { glaze: hex('Chalk'), inside: hex('Chalk'), seed: 7 } },
    },
    scene: {
      alt: 'The bowl full of lemons on a window sill above the sea',
      backdrop: { place: 'sill', tone: 'oat', view: 'sea' },
      things: [
        {
          motif: 'bowl',
          look: { glaze: hex('Clay'), inside: '#efe2cd', filled: 'lemons', seed: 6 },
          x: 396,
          y: 672,
          scale: 0.98,
        },
      ],
    },
  },
  {
    number: 106,
    sku: 'JUG',
    handle: 'harvest-jug',
    title: 'Harvest Jug',
    vendor: 'Tessera Pottery',
    origin: 'Portugal',
    materials: ['Stoneware'],
    tags: ['jug', 'stoneware', 'water', 'flowers'],
    story:
      '<p>A jug that pours without dribbling, which is harder than it looks: the lip is pulled by hand while the clay is wet, and the potter throws away the ones that are not sharp enough.</p><p>Between meals it is the best vase in the house.</p><ul><li>1.4 liters, 23 cm tall</li><li>Strap handle for a whole hand</li><li>Dishwasher safe</li></ul>',
    seo: {
      title: 'Harvest Jug, 1.4 liters, with a lip that pours clean',
      description:
        'A stoneware jug with a hand-pulled lip that does not dribble and a strap handle for a whole hand. 1.4 liters; also a very good vase.',
    },
    price: { EUR: 5400, USD: 5200 },
    was: { EUR: 6400, USD: 6200 },
    weightGrams: 1120,
    options: [{ name: 'Color', values: ['Sea', 'Ochre', 'Chalk'] }],
    stock: 20,
    frame: { place: 'studio', tone: 'oat', x: 376, y: 672, scale: 1.06 },
    looks: {
      Sea: { motif: 'jug', look: { glaze: hex('Sea'), seed: 8 } },
      Ochre: { motif: 'jug', look: { glaze: hex('Ochre'), seed: 9 }, tone: 'rose' },
      Chalk: { motif: 'jug', look: { glaze: hex('Chalk'), seed: 10 }, tone: 'umber' },
    },
    scene: {
      alt: 'A sea green jug and a glass of water in an open arched window',
      backdrop: { place: 'sill', tone: 'rose', view: 'hills' },
      things: [
        { motif: 'jug', look: { glaze: hex('Sea'), seed: 8 }, x: 330, y: 672, scale: 0.94 },
        { motif: 'tumbler', look: { tint: hex('Clear'), count: 1 }, x: 584, y: 688, scale: 0.52 },
      ],
    },
  },
  {
    number: 107,
    sku: 'BOARD',
    handle: 'olive-wood-board',
    title: 'Olive Wood Board',
    vendor: 'Astragal Joinery',
    origin: 'Italy',
    materials: ['Wood'],
    colors: ['Brown'],
    tags: ['board', 'bread', 'cheese', 'wood'],
    story:
      '<p>Cut from olive trees that no longer bear, planed thin at the edge and left thick in the middle. No two have the same grain, and yours will not look exactly like the picture.</p><p>Bread in the morning, cheese at night. Oil it twice a year and it will outlive the knife.</p><ul><li>Paddle 42 × 20 cm, Round 38 cm with handle</li><li>Wash by hand, dry standing up</li><li>Finished with linseed oil only</li></ul>',
    seo: {
      title: 'Olive Wood Board, paddle or round, oiled by hand',
      description:
        'Serving boards cut from olive trees that no longer bear. Paddle or round, finished with linseed oil; each has a grain of its own.',
    },
    price: { EUR: 4600, USD: 4500 },
    weightGrams: 900,
    options: [{ name: 'Shape', values: ['Paddle', 'Round'] }],
    changes: { Round: { price: { EUR: 5800, USD: 5600 }, weightGrams: 1250 } },
    stock: 24,
    frame: { place: 'tabletop', tone: 'sage', turn: 14, scale: 1.02 },
    looks: {
      Paddle: { motif: 'board', look: { wood: '#b98850', form: 'paddle' } },
      Round: { motif: 'board', look: { wood: '#b98850', form: 'round' } },
    },
    scene: {
      alt: 'The round board on a linen cloth',
      backdrop: { place: 'cloth', wood: '#8a5f3c', linen: '#e6dccb' },
      things: [{ motif: 'board', look: { wood: '#b07c42', form: 'round' }, x: 400, y: 390, turn: -24, scale: 1.06 }],
    },
  },
  {
    number: 108,
    sku: 'NAPK',
    handle: 'long-lunch-napkins',
    title: 'Long Lunch Napkins',
    vendor: 'Meander Mill',
    origin: 'Lithuania',
    materials: ['Linen'],
    tags: ['linen', 'napkin', 'set', 'gift'],
    story:
      '<p>Four napkins of washed linen, large enough to cover a lap and soft from the first day. The hem is run in a second color by hand, so you can tell whose is whose by the third course.</p><ul><li>Set of 4, each 45 × 45 cm</li><li>Pre-washed linen, 190 g/m²</li><li>Machine wash at 60 °C; ironing is a matter of opinion</li></ul>',
    seo: {
      title: 'Long Lunch Napkins: four in washed linen',
      description:
        'A set of four large napkins in pre-washed linen with a hand-run hem in a second color. 45 × 45 cm, machine washable at 60 °C.',
    },
    price: { EUR: 3600, USD: 3500 },
    weightGrams: 320,
    options: [{ name: 'Color', values: ['Sage', 'Oat', 'Rust', 'Ink'] }],
    stock: 40,
    frame: { place: 'tabletop', tone: 'sand', scale: 1.1 },
    looks: {
      Sage: { motif: 'napkins', look: { linen: hex('Sage'), hem: '#f1ece2' } },
      Oat: { motif: 'napkins', look: { linen: hex('Oat'), hem: hex('Rust') }, tone: 'umber' },
      Rust: { motif: 'napkins', look: { linen: hex('Rust'), hem: '#f0d9b8' } },
      Ink: { motif: 'napkins', look: { linen: hex('Ink'), hem: '#d8cdb8' }, tone: 'stone' },
    },
    scene: {
      alt: 'A chalk plate with a set of rust napkins laid over it',
      backdrop: { place: 'cloth', wood: '#b88a58', linen: '#f1ece2' },
      things: [
        { motif: 'plate', look: { glaze: hex('Chalk'), rim: '#7a5a3c', radius: 280 }, x: 390, y: 400 },
        { motif: 'napkins', look: { linen: hex('Rust'), hem: '#f0d9b8' }, x: 396, y: 396, scale: 0.56, turn: 8 },
      ],
    },
  },
  {
    number: 109,
    sku: 'DRIP',
    handle: 'first-light-dripper',
    title: 'First Light Dripper',
    vendor: 'Tessera Pottery',
    origin: 'Portugal',
    materials: ['Stoneware', 'Glass', 'Wood'],
    tags: ['coffee', 'filter', 'stoneware', 'morning'],
    story:
      '<p>A ribbed stoneware cone on a glass server with a wooden collar. The ribs keep the paper off the wall so that the water finds its way down evenly; three minutes, no gadgets.</p><p>Takes ordinary number 2 filters, which any grocer has.</p><ul><li>Makes two large cups (500 ml)</li><li>Cone and server go in the dishwasher, the collar does not</li></ul>',
    seo: {
      title: 'First Light Dripper: stoneware cone and glass server',
      description:
        'A ribbed stoneware coffee cone with a glass server for two large cups. Takes ordinary number 2 paper filters and needs three minutes.',
    },
    price: { EUR: 5900, USD: 5600 },
    weightGrams: 1080,
    options: [{ name: 'Color', values: ['Chalk', 'Soot'] }],
    stock: 16,
    counted: { Soot: 3 },
    frame: { place: 'studio', tone: 'sand', x: 386, y: 668, scale: 1.06 },
    looks: {
      Chalk: { motif: 'dripper', look: { glaze: hex('Chalk') }, tone: 'clay' },
      Soot: { motif: 'dripper', look: { glaze: hex('Soot'), wood: '#8a5f3c' } },
    },
    scene: {
      alt: 'The dripper at work on a table, a mug waiting beside it',
      backdrop: { place: 'table', tone: 'sage', wood: '#b88a58' },
      things: [
        { motif: 'dripper', look: { glaze: hex('Soot'), wood: '#8a5f3c' }, x: 316, y: 690, scale: 0.98 },
        { motif: 'mug', look: { glaze: hex('Ochre'), seed: 3 }, x: 590, y: 716, scale: 0.46 },
      ],
    },
  },
  {
    number: 110,
    sku: 'TEAPOT',
    handle: 'hestia-teapot',
    title: 'Hestia Teapot',
    vendor: 'Tessera Pottery',
    origin: 'Portugal',
    materials: ['Stoneware', 'Leather'],
    tags: ['tea', 'teapot', 'stoneware', 'gift'],
    story:
      '<p>A round pot that keeps tea hot for half an hour and pours to the last drop. The hoop is wound with leather, so you can lift it full without a cloth.</p><p>A fine strainer is built in behind the spout; loose leaves stay where they belong.</p><ul><li>900 ml, four cups</li><li>Wash by hand because of the leather</li></ul>',
    seo: {
      title: 'Hestia Teapot in stoneware with a leather-wound hoop',
      description:
        'A round stoneware teapot for four cups with a leather-wound hoop and a strainer built in behind the spout. Pours to the last drop.',
    },
    price: { EUR: 7200, USD: 6900 },
    weightGrams: 1240,
    options: [{ name: 'Color', values: ['Olive', 'Chalk', 'Soot'] }],
    stock: 14,
    frame: { place: 'studio', tone: 'sand', x: 424, y: 664, scale: 1.08 },
    looks: {
      Olive: { motif: 'teapot', look: { glaze: hex('Olive'), seed: 11 } },
      Chalk: { motif: 'teapot', look: { glaze: hex('Chalk'), seed: 12 }, tone: 'sage' },
      Soot: { motif: 'teapot', look: { glaze: hex('Soot'), seed: 13 }, tone: 'rose' },
    },
    scene: {
      alt: 'An olive teapot and a mug of tea on a table in the sun',
      backdrop: { place: 'table', tone: 'clay', wood: '#b88a58' },
      things: [
        { motif: 'teapot', look: { glaze: hex('Olive'), seed: 11 }, x: 336, y: 690, scale: 0.86 },
        { motif: 'mug', look: { glaze: hex('Chalk'), drink: '#a8752c' }, x: 600, y: 722, scale: 0.46 },
      ],
    },
  },
  {
    number: 111,
    sku: 'CRUET',
    handle: 'grove-oil-bottle',
    title: 'Grove Oil Bottle',
    vendor: 'Entasis Glass',
    origin: 'Italy',
    materials: ['Glass', 'Steel'],
    colors: ['Green'],
    tags: ['oil', 'bottle', 'kitchen', 'glass'],
    story:
      '<p>Oil does not like light, so the glass is green. Oil does not like air either, so the spout is narrow and has a flap. What oil likes is being used, so the bottle holds only half a liter.</p><p>Comes empty. The label peels off in warm water.</p><ul><li>500 ml, fits a cupboard shelf with the spout on</li><li>Bottle dishwasher safe; rinse the spout by hand</li></ul>',
    seo: {
      title: 'Grove Oil Bottle: green glass, 500 ml, steel spout',
      description:
        'A half-liter oil bottle in green glass that keeps light out, with a narrow steel spout and a flap against the air. Comes empty.',
    },
    price: { EUR: 2600, USD: 2600 },
    weightGrams: 520,
    stock: 36,
    frame: { place: 'studio', tone: 'sand', x: 392, y: 684, scale: 1.12 },
    looks: { only: { motif: 'cruet', look: { tint: '#5c7040', oil: '#b5982e' } } },
    scene: {
      alt: 'The oil bottle and a bowl on a kitchen table',
      backdrop: { place: 'table', tone: 'sage', wood: '#a8774a' },
      things: [
        { motif: 'bowl', look: { glaze: hex('Chalk'), inside: '#d8c27a' }, x: 560, y: 680, scale: 0.62 },
        { motif: 'cruet', look: { tint: '#5c7040', oil: '#b5982e' }, x: 266, y: 704, scale: 0.94 },
      ],
    },
  },
]
