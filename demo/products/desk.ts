import { hex } from '../palette.ts'
import type { ProductSheet } from '../product-sheet.ts'

/** What lies on the desk. */
export const desk: readonly ProductSheet[] = [
  {
    number: 301,
    sku: 'DAYB',
    handle: 'pilcrow-daybook',
    title: 'Pilcrow Daybook',
    vendor: 'Pilcrow Paper',
    origin: 'Germany',
    materials: ['Paper', 'Cloth'],
    tags: ['notebook', 'paper', 'writing', 'gift'],
    story:
      '<p>A cloth-bound book that opens flat and stays open. The paper is heavy enough for a fountain pen and a little off white, which is kinder under a lamp. Numbered pages, an index at the front, and a ribbon to find your place.</p><ul><li>A5 or A6, 192 numbered pages</li><li>Plain, ruled or dotted, 100 g/m²</li><li>Sewn, not glued; elastic band and ribbon</li></ul>',
    seo: {
      title: 'Pilcrow Daybook: a cloth-bound notebook, sewn flat',
      description:
        'A sewn, cloth-bound notebook with 192 numbered pages of fountain-pen paper. Plain, ruled or dotted, in A5 and A6 and four colors of cloth.',
    },
    price: { EUR: 2400, USD: 2300 },
    weightGrams: 340,
    options: [
      { name: 'Color', values: ['Ink', 'Rust', 'Pine', 'Oat'] },
      { name: 'Paper', values: ['Plain', 'Ruled', 'Dotted'] },
      { name: 'Size', values: ['A6', 'A5'] },
    ],
    changes: { A6: { price: { EUR: 1700, USD: 1600 }, weightGrams: 170 } },
    stock: 26,
    counted: { 'Rust / Ruled / A5': 0, 'Oat / Dotted / A6': 4 },
    frame: { place: 'tabletop', tone: 'stone', x: 392, y: 388, scale: 1.02 },
    looks: {
      Ink: { motif: 'notebook', look: { cover: hex('Ink'), band: hex('Clay') } },
      Rust: { motif: 'notebook', look: { cover: hex('Rust'), band: '#efdcbc' } },
      Pine: { motif: 'notebook', look: { cover: hex('Pine'), band: hex('Ochre') }, tone: 'oat' },
      Oat: { motif: 'notebook', look: { cover: hex('Oat'), band: hex('Olive') }, tone: 'slate' },
    },
    scene: {
      alt: 'A pine daybook on a desk with an open fountain pen across it',
      backdrop: { place: 'cloth', wood: '#8a5f3c', linen: '#cfd2cc' },
      things: [
        { motif: 'notebook', look: { cover: hex('Pine'), band: hex('Ochre') }, x: 340, y: 400, scale: 0.96, turn: -8 },
        {
          motif: 'fountainPen',
          look: { barrel: hex('Soot'), trim: hex('Brass') },
          x: 566,
          y: 440,
          scale: 0.56,
          turn: 20,
        },
      ],
    },
  },
  {
    number: 302,
    sku: 'PEN',
    handle: 'stylus-fountain-pen',
    title: 'Stylus Fountain Pen',
    vendor: 'Cavetto Works',
    origin: 'Germany',
    materials: ['Brass', 'Steel'],
    tags: ['pen', 'writing', 'brass', 'gift'],
    story:
      '<p>A plain cylinder with a steel nib that starts on the first stroke. Turned from solid rod, so it has some weight, and balanced with the cap off.</p><p>Brass goes brown where you hold it. Soot and steel stay as they are.</p><ul><li>13.5 cm closed, 38 g</li><li>Fine or medium nib, both easy to change</li><li>Takes standard cartridges; a converter is in the box</li></ul>',
    seo: {
      title: 'Stylus Fountain Pen in solid brass, soot or steel',
      description:
        'A fountain pen turned from solid rod with a steel nib that starts on the first stroke. Fine or medium, with cartridge and converter.',
    },
    price: { EUR: 7800, USD: 7500 },
    weightGrams: 95,
    options: [
      { name: 'Finish', values: ['Brass', 'Soot', 'Steel'] },
      { name: 'Nib', values: ['Fine', 'Medium'] },
    ],
    stock: 18,
    frame: { place: 'tabletop', tone: 'stone', x: 382, y: 406, scale: 1.06 },
    looks: {
      Brass: { motif: 'fountainPen', look: { barrel: hex('Brass'), trim: '#e2c37c' }, tone: 'sage' },
      Soot: { motif: 'fountainPen', look: { barrel: hex('Soot'), trim: hex('Brass') } },
      Steel: { motif: 'fountainPen', look: { barrel: '#a9aeb0', trim: '#d7dadb' }, tone: 'clay' },
    },
    scene: {
      alt: 'A brass fountain pen beside a stack of envelopes',
      backdrop: { place: 'tabletop', tone: 'slate' },
      things: [
        {
          motif: 'cards',
          look: { envelope: hex('Oat'), lining: hex('Ink'), wax: hex('Wine') },
          x: 410,
          y: 330,
          scale: 0.86,
        },
        {
          motif: 'fountainPen',
          look: { barrel: hex('Brass'), trim: '#e2c37c' },
          x: 420,
          y: 590,
          scale: 0.74,
          turn: 28,
        },
      ],
    },
  },
  {
    number: 303,
    sku: 'TASK',
    handle: 'gnomon-task-lamp',
    title: 'Gnomon Task Lamp',
    vendor: 'Oculus Lighting',
    origin: 'Spain',
    materials: ['Steel', 'Brass'],
    tags: ['lamp', 'light', 'desk'],
    story:
      '<p>Two arms, three brass joints, one pool of light. The joints are held by friction alone, so there are no springs to hum and nothing to tighten. Push it where you want it and it stays there.</p><ul><li>48 cm tall at rest, reaches 60 cm</li><li>E14, up to 25 W; a 4 W bulb is in the box</li><li>Plugs for Europe and North America</li></ul>',
    seo: {
      title: 'Gnomon Task Lamp with friction joints in brass',
      description:
        'A desk lamp on two arms with brass friction joints: no springs, nothing to tighten. Reaches 60 cm and stays where you push it.',
    },
    price: { EUR: 13900, USD: 12900 },
    weightGrams: 2100,
    options: [{ name: 'Color', values: ['Tomato', 'Pine', 'Soot'] }],
    stock: 14,
    frame: { place: 'studio', tone: 'stone', x: 424, y: 672, scale: 1.14 },
    looks: {
      Tomato: { motif: 'taskLamp', look: { enamel: hex('Tomato') } },
      Pine: { motif: 'taskLamp', look: { enamel: hex('Pine') }, tone: 'sand' },
      Soot: { motif: 'taskLamp', look: { enamel: hex('Soot') }, tone: 'rose' },
    },
    scene: {
      alt: 'The task lamp shining on a wooden desk',
      backdrop: { place: 'table', tone: 'slate', wood: '#8a5f3c' },
      things: [
        { motif: 'taskLamp', look: { enamel: hex('Tomato') }, x: 520, y: 676, scale: 1.05 },
        {
          motif: 'pencilCup',
          look: { glaze: hex('Chalk'), pencils: ['#26344f', '#d19a3b'] },
          x: 206,
          y: 706,
          scale: 0.46,
        },
      ],
    },
  },
  {
    number: 304,
    sku: 'CUP',
    handle: 'fluted-pencil-cup',
    title: 'Fluted Pencil Cup',
    vendor: 'Tessera Pottery',
    origin: 'Portugal',
    materials: ['Stoneware'],
    tags: ['desk', 'pencil', 'stoneware', 'gift'],
    story:
      '<p>A short column for pencils, brushes, scissors and the one screwdriver that is always needed. Heavy at the foot, so a full set of brushes does not tip it. The pencils are not part of it.</p><ul><li>11 cm tall, 10 cm across</li><li>Felt underneath</li></ul>',
    seo: {
      title: 'Fluted Pencil Cup in hand-thrown stoneware',
      description:
        'A fluted stoneware cup for pencils and brushes, heavy at the foot so that it does not tip, with felt underneath. 11 cm tall, three glazes.',
    },
    price: { EUR: 2800, USD: 2700 },
    weightGrams: 540,
    options: [{ name: 'Color', values: ['Chalk', 'Clay', 'Sea'] }],
    stock: 28,
    frame: { place: 'studio', tone: 'stone', x: 394, y: 684, scale: 1.12 },
    looks: {
      Chalk: {
        motif: 'pencilCup',
        look: { glaze: hex('Chalk'), pencils: ['#c4704f', '#d19a3b', '#2f5148', '#26344f'] },
        tone: 'sage',
      },
      Clay: { motif: 'pencilCup', look: { glaze: hex('Clay'), pencils: ['#2f5148', '#f1ece2', '#26344f', '#d19a3b'] } },
      Sea: {
        motif: 'pencilCup',
        look: { glaze: hex('Sea'), pencils: ['#d19a3b', '#6e2b36', '#f1ece2', '#c4704f'] },
        tone: 'oat',
      },
    },
    scene: {
      alt: 'A sea green pencil cup on a shelf beside a mug',
      backdrop: { place: 'shelf', tone: 'oat', wood: '#8a5f3c' },
      things: [
        {
          motif: 'pencilCup',
          look: { glaze: hex('Sea'), pencils: ['#d19a3b', '#6e2b36', '#f1ece2', '#c4704f'] },
          x: 300,
          scale: 0.94,
        },
        { motif: 'mug', look: { glaze: hex('Chalk') }, x: 560, scale: 0.5 },
      ],
    },
  },
  {
    number: 305,
    sku: 'PENCIL',
    handle: 'cedar-pencils',
    title: 'Cedar Pencils',
    vendor: 'Pilcrow Paper',
    origin: 'Germany',
    materials: ['Wood'],
    colors: ['Red', 'Yellow', 'Green', 'Blue'],
    tags: ['pencil', 'drawing', 'set', 'gift'],
    story:
      '<p>Six pencils in cedar, which sharpens to a long clean curl and smells of the first day of school. The graphite is glued along its whole length, so it survives a fall.</p><ul><li>Set of 6 in a paper sleeve</li><li>One grade a set: HB for writing, 2B for drawing, 4B for shading</li></ul>',
    seo: {
      title: 'Cedar Pencils: a set of six in HB, 2B or 4B',
      description:
        'Six lacquered cedar pencils in a paper sleeve, with graphite glued along its whole length. One grade a set: HB, 2B or 4B.',
    },
    price: { EUR: 1200, USD: 1200 },
    weightGrams: 60,
    options: [{ name: 'Grade', values: ['HB', '2B', '4B'] }],
    stock: 70,
    frame: { place: 'tabletop', tone: 'oat', x: 396, y: 404, scale: 1.08 },
    looks: {
      only: { motif: 'pencils', look: { coats: ['#c4704f', '#d19a3b', '#77794a', '#2f5148', '#26344f', '#6e2b36'] } },
    },
    scene: {
      alt: 'Three of the pencils lying on a felt desk pad',
      backdrop: { place: 'cloth', wood: '#a8774a', linen: '#c9ccc8' },
      things: [
        { motif: 'deskPad', look: { felt: hex('Slate'), edge: '#8a5a36' }, x: 400, y: 400 },
        { motif: 'pencils', look: { coats: ['#d19a3b', '#c4704f', '#6e2b36'] }, x: 470, y: 396, scale: 0.66, turn: 40 },
      ],
    },
  },
  {
    number: 306,
    sku: 'PAD',
    handle: 'felt-desk-pad',
    title: 'Felt Desk Pad',
    vendor: 'Volute Leather',
    origin: 'Austria',
    materials: ['Wool', 'Leather'],
    tags: ['desk', 'felt', 'leather'],
    story:
      '<p>A field of thick wool felt with a leather edge where your wrist goes. It quiets the keyboard, warms the arms and forgives a spilled coffee if you are quick with a cloth.</p><ul><li>60 × 35 cm or 90 × 40 cm, 4 mm thick</li><li>Wool felt, vegetable-tanned leather, linen thread</li></ul>',
    seo: {
      title: 'Felt Desk Pad with an edge of vegetable-tanned leather',
      description:
        'A thick wool felt desk pad with a stitched leather edge. Quiets the keyboard and warms the arms; 60 × 35 or 90 × 40 cm, three colors.',
    },
    price: { EUR: 5900, USD: 5600 },
    weightGrams: 420,
    options: [
      { name: 'Color', values: ['Slate', 'Oat', 'Olive'] },
      { name: 'Size', values: ['60 × 35 cm', '90 × 40 cm'] },
    ],
    changes: { '90 × 40 cm': { price: { EUR: 7900, USD: 7500 }, weightGrams: 700 } },
    stock: 17,
    frame: { place: 'tabletop', tone: 'stone', scale: 1.06 },
    looks: {
      Slate: { motif: 'deskPad', look: { felt: hex('Slate'), edge: '#8a5a36' } },
      Oat: { motif: 'deskPad', look: { felt: hex('Oat'), edge: '#6b4630' }, tone: 'slate' },
      Olive: { motif: 'deskPad', look: { felt: hex('Olive'), edge: '#6b4630' }, tone: 'sand' },
    },
    scene: {
      alt: 'The pad on a desk with a daybook on it',
      backdrop: { place: 'cloth', wood: '#a8774a', linen: '#ddd3c2' },
      things: [
        { motif: 'deskPad', look: { felt: hex('Olive'), edge: '#6b4630' }, x: 400, y: 420, scale: 1.08 },
        { motif: 'notebook', look: { cover: hex('Rust'), band: '#efdcbc' }, x: 326, y: 400, scale: 0.5 },
      ],
    },
  },
  {
    number: 307,
    sku: 'BOOKEND',
    handle: 'arch-bookends',
    title: 'Arch Bookends',
    vendor: 'Cavetto Works',
    origin: 'Greece',
    materials: ['Stone'],
    tags: ['books', 'stone', 'shelf', 'gift'],
    story:
      '<p>A pair of stone arches that hold a row of books upright by weight alone. Put them back to back with nothing between and they are a small aqueduct.</p><ul><li>Pair, each 15 × 12 × 7 cm</li><li>Honed, not polished; cork underneath</li></ul>',
    seo: {
      title: 'Arch Bookends: a pair of stone arches',
      description:
        'A pair of honed stone arches in travertine or green marble that hold a row of books by weight alone. Cork underneath; each 15 cm tall.',
    },
    price: { EUR: 9800, USD: 9400 },
    weightGrams: 3800,
    options: [{ name: 'Stone', values: ['Travertine', 'Green marble'] }],
    stock: 11,
    frame: { place: 'studio', tone: 'stone', x: 390, y: 668, scale: 1.1 },
    looks: {
      Travertine: {
        motif: 'bookends',
        look: { stone: hex('Travertine'), vein: '#b59b7c', books: ['#26344f', '#c4704f', '#dccfb8', '#77794a'] },
        tone: 'sage',
      },
      'Green marble': {
        motif: 'bookends',
        look: { stone: hex('Green marble'), vein: '#c9d8c8', books: ['#e4d8c2', '#d19a3b', '#6e2b36', '#f1ece2'] },
      },
    },
    scene: {
      alt: 'The bookends on a shelf with three books and a round vase',
      backdrop: { place: 'shelf', tone: 'clay', wood: '#c29b6b' },
      things: [
        {
          motif: 'bookends',
          look: { stone: hex('Travertine'), vein: '#b59b7c', books: ['#26344f', '#c4704f', '#2f5148'] },
          x: 316,
          scale: 0.84,
        },
        { motif: 'vase', look: { glaze: hex('Soot'), form: 'globe' }, x: 622, scale: 0.5 },
      ],
    },
  },
  {
    number: 308,
    sku: 'CAL',
    handle: 'perpetual-calendar',
    title: 'Perpetual Calendar',
    vendor: 'Astragal Joinery',
    origin: 'Denmark',
    materials: ['Wood'],
    colors: ['Beige', 'White'],
    tags: ['calendar', 'desk', 'wood', 'gift'],
    story:
      '<p>Two cubes are enough for every day of every month, if the six knows how to stand on its head. Three bars for the months lie in the back of the cradle. Turning it is the first job of the day and the easiest.</p><ul><li>19 × 11 × 8 cm</li><li>Oak cradle, maple cubes, months in English, French and German</li></ul>',
    seo: {
      title: 'Perpetual Calendar: two cubes in an oak cradle',
      description:
        'A calendar for every year: two maple cubes and three month bars in an oak cradle. Months in English, French and German; 19 cm wide.',
    },
    price: { EUR: 4400, USD: 4200 },
    weightGrams: 780,
    stock: 21,
    frame: { place: 'studio', tone: 'sky', x: 392, y: 660, scale: 1.12 },
    looks: { only: { motif: 'calendar', look: { wood: hex('Oak'), block: hex('Chalk') } } },
    scene: {
      alt: 'The calendar on a window sill with hills behind it',
      backdrop: { place: 'sill', tone: 'stone', view: 'hills' },
      things: [{ motif: 'calendar', look: { wood: hex('Oak'), block: hex('Chalk') }, x: 392, y: 672, scale: 0.94 }],
    },
  },
  {
    number: 309,
    sku: 'CARDS',
    handle: 'correspondence-set',
    title: 'Correspondence Set',
    vendor: 'Pilcrow Paper',
    origin: 'Germany',
    materials: ['Paper'],
    tags: ['paper', 'letter', 'cards', 'gift'],
    story:
      '<p>Twelve cards and twelve envelopes with a printed lining, for the letters that should not be a message. A stick of sealing wax is in the box; the rest is up to you.</p><ul><li>Cards 105 × 148 mm, 350 g/m²</li><li>Cotton paper, takes ink without bleeding</li><li>Envelopes fit a standard stamp and a standard mailbox</li></ul>',
    seo: {
      title: 'Correspondence Set: twelve cards, lined envelopes',
      description:
        'Twelve cotton cards with lined envelopes and a stick of sealing wax, for letters that should not be a message. Three colors of paper.',
    },
    price: { EUR: 2600, USD: 2500 },
    was: { EUR: 3200, USD: 3100 },
    weightGrams: 290,
    options: [{ name: 'Color', values: ['Rose', 'Oat', 'Sky'] }],
    stock: 33,
    frame: { place: 'tabletop', tone: 'stone', x: 392, y: 424, scale: 1.02 },
    looks: {
      Rose: { motif: 'cards', look: { envelope: '#e9cfc5', lining: hex('Wine'), wax: '#a8402f' } },
      Oat: { motif: 'cards', look: { envelope: hex('Oat'), lining: hex('Ink'), wax: hex('Wine') }, tone: 'sage' },
      Sky: { motif: 'cards', look: { envelope: '#bcd2de', lining: hex('Pine'), wax: hex('Ink') }, tone: 'oat' },
    },
    scene: {
      alt: 'Rose envelopes with a pen, waiting to be addressed',
      backdrop: { place: 'tabletop', tone: 'umber' },
      things: [
        {
          motif: 'cards',
          look: { envelope: '#e9cfc5', lining: hex('Wine'), wax: '#a8402f' },
          x: 370,
          y: 370,
          scale: 0.9,
          turn: -10,
        },
        {
          motif: 'fountainPen',
          look: { barrel: hex('Soot'), trim: hex('Brass') },
          x: 560,
          y: 590,
          scale: 0.6,
          turn: 40,
        },
      ],
    },
  },
  {
    number: 310,
    sku: 'SHEARS',
    handle: 'paper-shears',
    title: 'Paper Shears',
    vendor: 'Cavetto Works',
    origin: 'Germany',
    materials: ['Steel'],
    colors: ['Black'],
    tags: ['scissors', 'paper', 'steel'],
    story:
      '<p>Long, narrow and quiet. Forged from carbon steel, ground by hand and set so that the blades touch at one point only, which travels to the tip as you close them. They are for paper; keep them away from wire and from other people.</p><ul><li>20 cm, blades 11 cm</li><li>Can be taken apart and sharpened; we do it for the postage</li></ul>',
    seo: {
      title: 'Paper Shears, forged and ground by hand, 20 cm',
      description:
        'Long, narrow paper shears forged from carbon steel and ground by hand. 20 cm; they come apart, and we sharpen them for the postage.',
    },
    price: { EUR: 4800, USD: 4600 },
    weightGrams: 180,
    stock: 19,
    frame: { place: 'tabletop', tone: 'sand', x: 410, y: 410, scale: 1.16 },
    looks: { only: { motif: 'shears', look: { handle: hex('Soot') } } },
    scene: {
      alt: 'The shears across an envelope',
      backdrop: { place: 'tabletop', tone: 'sage' },
      things: [
        {
          motif: 'cards',
          look: { envelope: '#bcd2de', lining: hex('Pine'), wax: hex('Ink') },
          x: 330,
          y: 320,
          scale: 0.84,
          turn: -12,
        },
        { motif: 'shears', look: { handle: hex('Soot') }, x: 540, y: 520, scale: 0.8, turn: -30 },
      ],
    },
  },
]
