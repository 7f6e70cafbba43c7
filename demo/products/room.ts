import { hex } from '../palette.ts'
import type { ProductSheet } from '../product-sheet.ts'

/** What stands, hangs and glows in a room. */
export const room: readonly ProductSheet[] = [
  {
    number: 201,
    sku: 'LAMP',
    handle: 'oculus-table-lamp',
    title: 'Oculus Table Lamp',
    vendor: 'Oculus Lighting',
    origin: 'Spain',
    materials: ['Steel', 'Brass'],
    tags: ['lamp', 'light', 'bedside', 'sideboard'],
    story:
      '<p>A spun steel dome on a turned foot. The light falls down and out, never into your eyes, and what escapes through the small hole at the top draws a circle on the ceiling.</p><p>Three steps of brightness by touching the knob. The lowest is dim enough to find the door by.</p><ul><li>38 cm tall, dome 34 cm across</li><li>E27, up to 40 W; a warm 6 W bulb is in the box</li><li>2 m of cloth-covered cord; plugs for Europe and North America</li></ul>',
    seo: {
      title: 'Oculus Table Lamp: a steel dome on a turned foot',
      description:
        'A dome-shaped table lamp in spun steel with three steps of light by touch, a warm bulb in the box and a plug for either continent.',
    },
    price: { EUR: 14900, USD: 13900 },
    weightGrams: 2400,
    options: [{ name: 'Color', values: ['Chalk', 'Pine', 'Ochre'] }],
    stock: 15,
    frame: { place: 'studio', tone: 'rose', x: 400, y: 676, scale: 1.1 },
    looks: {
      Chalk: { motif: 'tableLamp', look: { shade: hex('Chalk'), foot: hex('Brass') }, tone: 'umber' },
      Pine: { motif: 'tableLamp', look: { shade: hex('Pine'), foot: hex('Pine') } },
      Ochre: { motif: 'tableLamp', look: { shade: hex('Ochre'), foot: '#5a4632' }, tone: 'sand' },
    },
    scene: {
      alt: 'The pine lamp lit on a shelf beside a small vase',
      backdrop: { place: 'shelf', tone: 'clay', wood: '#8a5f3c' },
      things: [
        { motif: 'tableLamp', look: { shade: hex('Pine'), foot: hex('Pine') }, x: 326, scale: 0.92 },
        { motif: 'vase', look: { glaze: hex('Chalk'), form: 'bottle' }, x: 620, scale: 0.56 },
      ],
    },
  },
  {
    number: 202,
    sku: 'PEND',
    handle: 'bell-pendant',
    title: 'Bell Pendant',
    vendor: 'Oculus Lighting',
    origin: 'Spain',
    materials: ['Aluminum', 'Brass'],
    tags: ['lamp', 'light', 'dining', 'ceiling'],
    story:
      '<p>A reeded bell for over the table. Pale inside, so most of the light goes where the food is. Hang it with the rim about 70 cm above the tabletop and nobody will be dazzled.</p><ul><li>30 or 45 cm across</li><li>E27, up to 60 W, bulb not included</li><li>3 m of cloth-covered cord, shortened at the ceiling rose</li></ul>',
    seo: {
      title: 'Bell Pendant: a reeded lamp for over the table',
      description:
        'A reeded aluminum pendant, pale inside so that the light goes where the food is. Two diameters, three colors, three meters of cloth cord.',
    },
    price: { EUR: 12900, USD: 11900 },
    weightGrams: 1300,
    options: [
      { name: 'Color', values: ['Sea', 'Chalk', 'Soot'] },
      { name: 'Diameter', values: ['30 cm', '45 cm'] },
    ],
    changes: { '45 cm': { price: { EUR: 17900, USD: 16500 }, weightGrams: 2100 } },
    stock: 9,
    counted: { 'Soot / 45 cm': 1 },
    frame: { place: 'wall', tone: 'rose', light: 'one-arch', y: 430, scale: 1.05 },
    looks: {
      Sea: { motif: 'pendant', look: { shade: hex('Sea'), inside: hex('Chalk') } },
      Chalk: { motif: 'pendant', look: { shade: hex('Chalk'), inside: hex('Chalk') }, tone: 'umber' },
      Soot: { motif: 'pendant', look: { shade: hex('Soot'), inside: '#efd9a8' }, tone: 'oat' },
    },
    scene: {
      alt: 'The pendant over a table with a bowl of lemons',
      backdrop: { place: 'table', tone: 'umber', wood: '#8a5f3c' },
      things: [
        { motif: 'bowl', look: { glaze: hex('Clay'), inside: hex('Chalk'), filled: 'lemons' }, y: 704, scale: 0.56 },
        { motif: 'pendant', look: { shade: hex('Chalk'), inside: hex('Chalk') }, y: 300, scale: 0.86 },
      ],
    },
  },
  {
    number: 203,
    sku: 'MIRR',
    handle: 'arcade-mirror',
    title: 'Arcade Mirror',
    vendor: 'Cavetto Works',
    origin: 'Belgium',
    materials: ['Steel', 'Glass'],
    tags: ['mirror', 'hall', 'arch'],
    story:
      '<p>An arch for a room that has none. The frame is one strip of steel, bent and welded at the foot, so there is no joint to be seen. Lean it or hang it; brackets and screws for both are in the box.</p><ul><li>Medium 60 × 90 cm, Large 80 × 170 cm</li><li>Silvered glass, 4 mm, with a safety film</li><li>Large comes by two people and by appointment</li></ul>',
    seo: {
      title: 'Arcade Mirror: an arch of steel, to lean or to hang',
      description:
        'An arched mirror framed in a single strip of steel, to lean or to hang, in a brass finish or soot. Two sizes, with brackets for both ways.',
    },
    price: { EUR: 18900, USD: 17900 },
    weightGrams: 9800,
    options: [
      { name: 'Color', values: ['Brass', 'Soot'] },
      { name: 'Size', values: ['Medium', 'Large'] },
    ],
    changes: { Large: { price: { EUR: 34900, USD: 32900 }, weightGrams: 21500 } },
    stock: 6,
    frame: { place: 'studio', tone: 'oat', x: 396, y: 690, scale: 1.08 },
    looks: {
      Brass: { motif: 'mirror', look: { frame: hex('Brass') } },
      Soot: { motif: 'mirror', look: { frame: hex('Soot') }, tone: 'rose' },
    },
    scene: {
      alt: 'The mirror on a shelf behind two candles',
      backdrop: { place: 'shelf', tone: 'sage', wood: '#c29b6b' },
      things: [
        { motif: 'mirror', look: { frame: hex('Brass') }, x: 356, y: 600, scale: 0.98 },
        { motif: 'candles', look: { wax: hex('Chalk'), count: 1 }, x: 590, scale: 0.62 },
      ],
    },
  },
  {
    number: 204,
    sku: 'CHAIR',
    handle: 'klismos-chair',
    title: 'Klismos Chair',
    vendor: 'Astragal Joinery',
    origin: 'Denmark',
    materials: ['Wood', 'Wool'],
    tags: ['chair', 'dining', 'wood'],
    story:
      '<p>The Greeks drew this chair on vases for two hundred years and then stopped making it. Ours keeps the sabre legs and the curved back, and adds what they did not have: a joint that stays tight and a seat you can take off to clean.</p><p>Built to order in about three weeks, which is why you can buy it when the shelf is empty.</p><ul><li>82 cm tall, seat at 45 cm, holds 130 kg</li><li>Solid wood, oiled; seat in undyed wool</li></ul>',
    seo: {
      title: 'Klismos Chair with sabre legs, in oak or walnut',
      description:
        'A solid wood chair with sabre legs and a curved back, after the Greek klismos. Wool seat that comes off, built to order in three weeks.',
    },
    price: { EUR: 42000, USD: 39500 },
    weightGrams: 6400,
    options: [{ name: 'Wood', values: ['Oak', 'Walnut'] }],
    stock: 4,
    counted: { Oak: 2, Walnut: 0 },
    policy: 'continue',
    frame: { place: 'studio', tone: 'sage', x: 366, y: 690, scale: 1.05 },
    looks: {
      Oak: { motif: 'chair', look: { wood: hex('Oak'), seat: '#ece3d2' } },
      Walnut: { motif: 'chair', look: { wood: hex('Walnut'), seat: '#cfc4b2' }, tone: 'rose' },
    },
    scene: {
      alt: 'The oak chair in a courtyard with an arcade',
      backdrop: { place: 'courtyard', tone: 'sand' },
      things: [{ motif: 'chair', look: { wood: hex('Oak'), seat: '#ece3d2' }, x: 384, y: 716, scale: 0.92 }],
    },
  },
  {
    number: 205,
    sku: 'DRUM',
    handle: 'column-drum-table',
    title: 'Column Drum Table',
    vendor: 'Cavetto Works',
    origin: 'Greece',
    materials: ['Stone'],
    tags: ['table', 'side table', 'stone'],
    story:
      '<p>A single drum from a column that was never built, cut to the height of an armrest. The flutes are worked by machine and finished by hand; the top is polished and sealed against wine.</p><p>It weighs as much as a person. Decide where it goes before it arrives.</p><ul><li>45 cm tall, top 42 cm across</li><li>Felt under the foot</li><li>Wipe with water; no vinegar, no lemon</li></ul>',
    seo: {
      title: 'Column Drum Table: a fluted side table in stone',
      description:
        'A fluted side table cut from a single piece of travertine or green marble, polished and sealed on top. 45 cm tall, felt under the foot.',
    },
    price: { EUR: 59000, USD: 55000 },
    weightGrams: 62000,
    options: [{ name: 'Stone', values: ['Travertine', 'Green marble'] }],
    changes: { 'Green marble': { price: { EUR: 69000, USD: 64500 }, weightGrams: 68000 } },
    stock: 3,
    frame: { place: 'studio', tone: 'rose', x: 394, y: 676, scale: 1.08 },
    looks: {
      Travertine: { motif: 'drumTable', look: { stone: hex('Travertine'), vein: '#b59b7c', seed: 2 } },
      'Green marble': {
        motif: 'drumTable',
        look: { stone: hex('Green marble'), vein: '#c9d8c8', seed: 5 },
        tone: 'sage',
      },
    },
    scene: {
      alt: 'The travertine table with a dark vase on it, in a window',
      backdrop: { place: 'sill', tone: 'clay', view: 'hills' },
      things: [
        {
          motif: 'drumTable',
          look: { stone: hex('Travertine'), vein: '#b59b7c', seed: 2 },
          x: 396,
          y: 690,
          scale: 0.78,
        },
        { motif: 'vase', look: { glaze: hex('Soot'), form: 'globe' }, x: 396, y: 366, scale: 0.62 },
      ],
    },
  },
  {
    number: 206,
    sku: 'THROW',
    handle: 'meander-throw',
    title: 'Meander Throw',
    vendor: 'Meander Mill',
    origin: 'Lithuania',
    materials: ['Wool'],
    tags: ['throw', 'blanket', 'wool', 'sofa', 'gift'],
    story:
      '<p>A throw in pure new wool, woven in a mill that has one loom wide enough for it. The stripes come from yarn left over from scarves; the key pattern is drawn into the cloth, so it shows in reverse on the back.</p><ul><li>130 × 190 cm, fringe on the short sides</li><li>Air it often, wash it seldom, at 30 °C</li></ul>',
    seo: {
      title: 'Meander Throw in pure new wool, 130 × 190 cm',
      description:
        'A wool throw for a sofa or the foot of a bed, striped or with a woven Greek key. Pure new wool, 130 × 190 cm, fringed at both ends.',
    },
    price: { EUR: 11900, USD: 11200 },
    weightGrams: 1150,
    options: [{ name: 'Color', values: ['Oat', 'Pine', 'Rust'] }],
    changes: { Rust: { price: { EUR: 9500, USD: 8900 }, was: { EUR: 11900, USD: 11200 } } },
    stock: 17,
    frame: { place: 'wall', tone: 'rose', light: 'two-arches', y: 206, scale: 1.06 },
    looks: {
      Oat: { motif: 'throwBlanket', look: { wool: hex('Oat'), second: hex('Rust'), figure: 'stripe' } },
      Pine: { motif: 'throwBlanket', look: { wool: hex('Pine'), second: '#d9cfb8', figure: 'meander' }, tone: 'oat' },
      Rust: {
        motif: 'throwBlanket',
        look: { wool: hex('Rust'), second: '#e8d3b0', figure: 'herringbone' },
        tone: 'sage',
      },
    },
    scene: {
      alt: 'The green throw with its woven key, hanging on a rail in the sun',
      backdrop: { place: 'wall', tone: 'clay', light: 'wide-arch' },
      things: [
        {
          motif: 'throwBlanket',
          look: { wool: hex('Pine'), second: '#d9cfb8', figure: 'meander' },
          x: 360,
          y: 30,
          scale: 1.72,
        },
      ],
    },
  },
  {
    number: 207,
    sku: 'CUSH',
    handle: 'siesta-cushion',
    title: 'Siesta Cushion',
    vendor: 'Meander Mill',
    origin: 'Lithuania',
    materials: ['Linen', 'Wool'],
    tags: ['cushion', 'sofa', 'linen'],
    story:
      '<p>A cushion that keeps its corners. The cover is a heavy linen with a piped seam; the filling is wool, which springs back and does not crackle in your ear.</p><p>The cover buttons on and washes at 40 °C.</p><ul><li>45 × 45 cm or 60 × 60 cm</li><li>Filling included</li></ul>',
    seo: {
      title: 'Siesta Cushion in heavy linen, filled with wool',
      description:
        'A linen cushion with a piped seam and a filling of wool, plain or with a woven key. Two sizes; the cover buttons on and is washable.',
    },
    price: { EUR: 5400, USD: 5200 },
    weightGrams: 750,
    options: [
      { name: 'Color', values: ['Ochre', 'Ink', 'Oat', 'Rose'] },
      { name: 'Size', values: ['45 cm', '60 cm'] },
    ],
    changes: { '60 cm': { price: { EUR: 6900, USD: 6600 }, weightGrams: 1250 } },
    stock: 19,
    frame: { place: 'studio', tone: 'rose', x: 396, y: 676, scale: 1.08 },
    looks: {
      Ochre: { motif: 'cushion', look: { cloth: hex('Ochre'), second: '#f1ece2', figure: 'plain' } },
      Ink: { motif: 'cushion', look: { cloth: hex('Ink'), second: '#e4d8c2', figure: 'meander' } },
      Oat: { motif: 'cushion', look: { cloth: hex('Oat'), second: hex('Slate'), figure: 'stripe' }, tone: 'sage' },
      Rose: { motif: 'cushion', look: { cloth: hex('Rose'), second: '#f6ebe2', figure: 'herringbone' }, tone: 'stone' },
    },
    scene: {
      alt: 'Two cushions leaning on a window seat',
      backdrop: { place: 'sill', tone: 'oat', view: 'hills' },
      things: [
        {
          motif: 'cushion',
          look: { cloth: hex('Ink'), second: '#e4d8c2', figure: 'meander' },
          x: 494,
          y: 664,
          scale: 0.86,
          turn: 4,
        },
        {
          motif: 'cushion',
          look: { cloth: hex('Ochre'), second: '#f1ece2', figure: 'plain' },
          x: 280,
          y: 690,
          scale: 0.78,
          turn: -5,
        },
      ],
    },
  },
  {
    number: 208,
    sku: 'VASE',
    handle: 'ionic-vase',
    title: 'Ionic Vase',
    vendor: 'Tessera Pottery',
    origin: 'Portugal',
    materials: ['Stoneware'],
    tags: ['vase', 'flowers', 'stoneware', 'gift'],
    story:
      '<p>Three forms from one potter: one with ears, one with a long neck, one that is nearly a ball. Each is glazed inside and watertight, and each looks finished with nothing in it.</p><ul><li>Handled 26 cm, Bottle 24 cm, Globe 20 cm tall</li><li>Wipe or rinse; a bottle brush helps with the narrow one</li></ul>',
    seo: {
      title: 'Ionic Vase: three forms in hand-thrown stoneware',
      description:
        'Hand-thrown stoneware vases in three forms: with ears, with a long neck, or nearly a ball. Watertight, and complete with nothing in them.',
    },
    price: { EUR: 6400, USD: 6200 },
    weightGrams: 1350,
    options: [{ name: 'Form', values: ['Handled', 'Bottle', 'Globe'] }],
    colors: ['Orange', 'White', 'Black'],
    changes: {
      Bottle: { price: { EUR: 4800, USD: 4600 }, weightGrams: 820 },
      Globe: { price: { EUR: 5900, USD: 5700 }, weightGrams: 1280 },
    },
    stock: 16,
    frame: { place: 'studio', tone: 'sage', x: 394, y: 676, scale: 1.1 },
    looks: {
      Handled: { motif: 'vase', look: { glaze: hex('Clay'), form: 'ionic', seed: 3 } },
      Bottle: { motif: 'vase', look: { glaze: hex('Chalk'), form: 'bottle', seed: 4 }, tone: 'umber' },
      Globe: { motif: 'vase', look: { glaze: hex('Soot'), form: 'globe', seed: 5 }, tone: 'rose' },
    },
    scene: {
      alt: 'A round dark vase with dry grasses, and a small white one beside it',
      backdrop: { place: 'shelf', tone: 'rose', wood: '#c29b6b' },
      things: [
        { motif: 'vase', look: { glaze: hex('Soot'), form: 'globe', stems: '#d8b77a', seed: 5 }, x: 330, scale: 0.8 },
        { motif: 'vase', look: { glaze: hex('Chalk'), form: 'bottle', seed: 4 }, x: 590, scale: 0.72 },
      ],
    },
  },
  {
    number: 209,
    sku: 'CANDLE',
    handle: 'fluted-candles',
    title: 'Fluted Candles',
    vendor: 'Oculus Lighting',
    origin: 'Germany',
    materials: ['Wax'],
    tags: ['candle', 'light', 'gift', 'set'],
    story:
      '<p>Three small columns, poured in the same mold and cut at different heights. They burn straight down and do not drip if you keep them out of the draft. The beeswax ones smell of beeswax; the others of nothing at all.</p><ul><li>Set of 3: 8, 11 and 15 cm tall</li><li>About 18, 26 and 40 hours</li><li>Cotton wick</li></ul>',
    seo: {
      title: 'Fluted Candles: a set of three small columns',
      description:
        'Three fluted pillar candles at three heights, in beeswax or unscented plant wax. Poured in one mold, with cotton wicks; 84 hours in all.',
    },
    price: { EUR: 2900, USD: 2800 },
    weightGrams: 880,
    options: [{ name: 'Color', values: ['Beeswax', 'Chalk', 'Wine'] }],
    changes: { Beeswax: { price: { EUR: 3800, USD: 3600 } } },
    stock: 42,
    frame: { place: 'studio', tone: 'rose', x: 396, y: 668, scale: 1.14 },
    looks: {
      Beeswax: { motif: 'candles', look: { wax: hex('Beeswax') } },
      Chalk: { motif: 'candles', look: { wax: hex('Chalk') }, tone: 'clay' },
      Wine: { motif: 'candles', look: { wax: hex('Wine') }, tone: 'oat' },
    },
    scene: {
      alt: 'White candles burning in a window at dusk',
      backdrop: { place: 'sill', tone: 'slate', view: 'dusk' },
      things: [{ motif: 'candles', look: { wax: hex('Chalk') }, x: 396, y: 676 }],
    },
  },
  {
    number: 210,
    sku: 'CLOCK',
    handle: 'noon-wall-clock',
    title: 'Noon Wall Clock',
    vendor: 'Astragal Joinery',
    origin: 'Denmark',
    materials: ['Wood'],
    tags: ['clock', 'wall', 'wood'],
    story:
      '<p>A clock you can read from the other end of the kitchen. A turned wooden ring, a plain face, twelve strokes, and a sweeping second hand that makes no sound whatever.</p><ul><li>30 cm across, 4 cm deep</li><li>Quartz movement; one AA battery lasts about two years</li></ul>',
    seo: {
      title: 'Noon Wall Clock: silent, with a turned wooden ring',
      description:
        'A silent wall clock with a turned wooden ring and a plain face that reads from across the room. 30 cm across, in oak or soot.',
    },
    price: { EUR: 8900, USD: 8500 },
    weightGrams: 1100,
    options: [{ name: 'Color', values: ['Oak', 'Soot'] }],
    stock: 13,
    frame: { place: 'wall', tone: 'oat', light: 'high-arch' },
    looks: {
      Oak: { motif: 'clock', look: { face: hex('Chalk'), ring: hex('Oak') } },
      Soot: { motif: 'clock', look: { face: '#e9e2d4', ring: hex('Soot'), hand: hex('Ochre') }, tone: 'sage' },
    },
    scene: {
      alt: 'The clock above a shelf with a handled vase',
      backdrop: { place: 'shelf', tone: 'stone', wood: '#c29b6b' },
      things: [
        { motif: 'clock', look: { face: hex('Chalk'), ring: hex('Oak') }, x: 300, y: 300, scale: 0.72 },
        { motif: 'vase', look: { glaze: hex('Clay'), form: 'ionic' }, x: 600, scale: 0.6 },
      ],
    },
  },
  {
    number: 211,
    sku: 'STOOL',
    handle: 'tripod-stool',
    title: 'Tripod Stool',
    vendor: 'Astragal Joinery',
    origin: 'Denmark',
    materials: ['Wood'],
    tags: ['stool', 'seat', 'wood', 'bedside'],
    story:
      '<p>Three legs stand still on any floor. The seat is hollowed by a hand’s breadth so that you stay on it, and the stretcher is where you put your feet. Also a bedside table, also a place for a plant.</p><ul><li>45 cm tall, seat 36 cm across, holds 120 kg</li><li>Solid wood, oiled; legs wedged through the seat</li></ul>',
    seo: {
      title: 'Tripod Stool in solid oak or walnut, 45 cm',
      description:
        'A three-legged stool with a hollowed seat and legs wedged through it. Solid oak or walnut, oiled, steady on any floor; holds 120 kg.',
    },
    price: { EUR: 16900, USD: 15900 },
    was: { EUR: 19900, USD: 18900 },
    weightGrams: 3900,
    options: [{ name: 'Wood', values: ['Oak', 'Walnut'] }],
    stock: 7,
    frame: { place: 'studio', tone: 'clay', x: 396, y: 684, scale: 1.14 },
    looks: {
      Oak: { motif: 'stool', look: { wood: hex('Oak') } },
      Walnut: { motif: 'stool', look: { wood: hex('Walnut') }, tone: 'sand' },
    },
    scene: {
      alt: 'A white vase on the stool, in a courtyard',
      backdrop: { place: 'courtyard', tone: 'rose' },
      things: [
        { motif: 'stool', look: { wood: hex('Walnut') }, x: 396, y: 724, scale: 0.8 },
        { motif: 'vase', look: { glaze: hex('Chalk'), form: 'ionic' }, x: 396, y: 424, scale: 0.6 },
      ],
    },
  },
]
