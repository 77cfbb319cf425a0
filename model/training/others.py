"""Drawings of trousers, skirts, dresses, hats and shoes."""

import numpy as np

from cloth import GREY_WOOD, PALE_WOOD, Scene, bands, denim, mirror, plain, sheet, smooth, tiles, wall, wood


def both(side: int, points: list) -> list:
    """Points as given, or their mirror image."""
    return points if side == 1 else [(400 - x, y, *more) for x, y, *more in points]


def legs(scene, cloth, hem, outer, inner, waist=84, crotch=232, folds=(), wrinkles=1.1):
    """Lays trousers or shorts: waist, hips, two legs down to the hem. Returns the mask."""
    back = [(146, waist), (200, waist - 3), (254, waist), (252, waist + 26), (148, waist + 26)]
    scene.panel(back, cloth * 0.55, 2, 0.3)
    half = [(200, waist + 12, 1), (144, waist, 1), (138, 120), (outer[0], 200), (outer[1], hem, 1)]
    half += [(200 - inner - 6, hem + 8, 1), (194, crotch + 12), (200, crotch, 1)]
    mask = scene.panel(smooth(mirror(half)), cloth, 6, wrinkles, folds)
    return mask


def pants_1():
    """Blue jeans on pale wood."""
    scene = Scene(51, turn=2)
    wood(scene, PALE_WOOD, 58)
    worn = [(156, 210, 20), (244, 210, 20), (146, 320, 18), (254, 320, 18)]
    cloth = denim(scene, (0.19, 0.29, 0.45), worn)
    folds = [([(126, 318 + y), (148, 326 + y), (178, 318 + y)], 3, 4) for y in (0, 18, 36)]
    folds += [([(274, 318 + y), (252, 326 + y), (222, 318 + y)], 3, 4) for y in (0, 18, 36)]
    folds += [([(200, 235), (176, 222), (150, 205)], 4, 5), ([(200, 235), (224, 222), (250, 205)], 4, 5)]
    folds += [([(200, 235), (180, 250), (150, 262)], 4, 4), ([(200, 235), (222, 250), (250, 262)], 4, 4)]
    mask = legs(scene, cloth, 490, (122, 116), 16, folds=folds)
    thread = (0.80, 0.58, 0.28)
    band = [(143, 82), (146, 104), (200, 116), (254, 104), (257, 82), (200, 95)]
    scene.panel(smooth([(x, y, 1) for x, y in band]), cloth * 0.97, 3, 0.3, shadow=0.35, size=2)
    scene.seam([(146, 102), (200, 114), (254, 102)], thread, 1, 0.8, 2.4)
    for side in (1, -1):
        scene.seam(both(side, [(150, 108), (158, 128), (176, 134), (190, 116)]), width=2, within=mask)
        scene.seam(both(side, [(152, 110), (161, 131), (178, 137), (192, 118)]), thread, 1, 0.8, 2.4)
        scene.seam(both(side, [(128, 160), (121, 250), (121, 480)]), within=mask, strength=0.35)
        scene.seam(both(side, [(198, 236), (188, 330), (180, 490)]), within=mask, strength=0.5, width=1.6)
        scene.seam(both(side, [(118, 482), (146, 489), (180, 488)]), thread, 1, 0.7, 2.4, within=mask)
        loop = [(166, 86), (171, 87), (171, 112), (166, 111)]
        scene.panel(both(side, loop), cloth, 2, 0, shadow=0.4, size=1.2)
    scene.seam([(200, 112), (200, 232)], width=1.8, within=mask)
    scene.seam([(212, 114), (213, 170), (202, 190)], thread, 1, 0.8, 2.4)
    scene.disc(200, 106, 4.5, (0.72, 0.58, 0.36))
    return scene.finish()


def pants_2():
    """Black trousers on a white sheet."""
    scene = Scene(52, turn=-3)
    sheet(scene, (0.84, 0.83, 0.82), 0.7)
    cloth = plain(scene, (0.105, 0.105, 0.12), 0.06)
    folds = [([(160, 240), (152, 360), (148, 480)], 2, 10), ([(240, 240), (248, 360), (252, 480)], 2, 10)]
    folds += [([(200, 235), (170, 220), (146, 200)], 5, 8), ([(200, 235), (230, 220), (256, 200)], 5, 8)]
    folds += [([(130, 330 + y), (170, 318 + y)], 4, 8) for y in (0, 24)]
    mask = legs(scene, cloth, 492, (124, 118), 18, folds=folds, wrinkles=1.8)
    scene.panel([(143, 82), (146, 100), (200, 110), (254, 100), (257, 82), (200, 93)], cloth * 1.15, 3, 0.3)
    scene.seam([(200, 110), (200, 232)], width=1.6, within=mask)
    for side in (1, -1):
        scene.seam(both(side, [(156, 106), (142, 150)]), width=1.6, within=mask)
    scene.disc(200, 101, 3.2, (0.25, 0.25, 0.27))
    return scene.finish()


def shorts_1():
    """Green sports shorts with a cord, on grey wood."""
    scene = Scene(61, turn=-2, zoom=1.25, shift=(0, 100))
    wood(scene, GREY_WOOD, 66)
    cloth = plain(scene, (0.10, 0.42, 0.33), 0.04)
    folds = [([(200, 205), (165, 194), (125, 180)], 5, 6), ([(200, 205), (235, 194), (275, 180)], 5, 6)]
    folds += [([(130, 246), (150, 214), (160, 150)], 7, 6), ([(270, 246), (246, 214), (238, 150)], 7, 6)]
    folds += [([(x, 88), (x + (x - 200) * 0.08, 126)], 2.5, 6) for x in range(150, 256, 9)]
    mask = legs(scene, cloth, 250, (108, 92), 6, crotch=208, folds=folds)
    for y in (92, 102):
        scene.seam([(143, y - 6), (200, y + 7), (257, y - 6)], strength=0.3, within=mask)
    for side in (1, -1):
        scene.seam(both(side, [(132, 122), (112, 200), (98, 250)]), (0.9, 0.93, 0.9), 4, 0.9, within=mask)
        scene.seam(both(side, [(92, 241), (130, 249), (192, 250)]), strength=0.35, dashes=2, within=mask)
    scene.seam([(200, 112), (200, 204)], width=1.6, within=mask)
    for points in ([(198, 106), (186, 140), (190, 160)], [(202, 106), (212, 136), (208, 166)]):
        scene.seam(points, (0.15, 0.2, 0.18), 4.4, 0.4)
        scene.seam(points, (0.93, 0.93, 0.9), 3, 1)
    return scene.finish()


def skirt_1():
    """A pleated mustard skirt on a floor of pale tiles."""
    scene = Scene(71, turn=1, shift=(0, 8))
    tiles(scene, (0.82, 0.80, 0.77))
    cloth = plain(scene, (0.72, 0.52, 0.14), 0.04)
    count, top, bottom = 15, 180, 350
    shape, folds = [(142, top), (258, top)], []
    for index in range(count * 2 + 1):
        part = 1 - index / (count * 2)
        x = 72 + 256 * part
        dip = 30 * (1 - ((x - 200) / 128) ** 2)
        shape.append((x, bottom + dip + (6 if index % 2 else 0)))
        if 0 < index < count * 2:
            high = 144 + 112 * part
            line = [(high, top), ((high + x) / 2, (top + bottom) / 2), (x, bottom + dip)]
            folds.append((line, 3.2, 6 if index % 2 else -4))
    mask = scene.panel(shape, cloth, 6, 0.9, folds, shadow=0.6)
    band = [(141, 158), (138, 184), (200, 191), (262, 184), (259, 158), (200, 163)]
    scene.panel(band, cloth * 0.92, 4, 0.4, shadow=0.4)
    scene.seam([(139, 182), (200, 189), (261, 182)], within=mask)
    scene.panel([(141, 158), (200, 153), (259, 158), (200, 163)], cloth * 0.5, 1, 0.2, shadow=0.2)
    return scene.finish()


def gown(scene, cloth, straps, waist=(150, 226), hem=(76, 470), wrinkles=1.0, flare=7):
    """Lays a dress without sleeves: a fitted top, and a skirt that widens from the waist."""
    scene.panel(smooth([(166, 66), (200, 84), (234, 66), (236, 110), (164, 110)]), cloth * 0.55, 2, 0.3, shadow=0.3)
    half = [(200, 116, 1), (178, 104), (170, 62, 1), (152 - straps, 58, 1), (150, 100), (134, 140, 1)]
    half += [(140, 180), (waist[0], waist[1], 1), (120, 310)]
    half += [(hem[0], hem[1] - 14, 1), (120, hem[1] + 2), (200, hem[1] + 8)]
    folds = []
    for index in range(1, flare * 2):
        part = index / (flare * 2)
        high = waist[0] + 4 + (392 - 2 * waist[0]) * part
        low = hem[0] + (400 - 2 * hem[0]) * part
        folds.append(([(high, waist[1]), ((high + low) / 2, 345), (low, hem[1])], 5, 7 if index % 2 else -6))
    folds += [([(150, 196), (200, 204), (250, 196)], 4, 4), ([(160, 130), (170, 180)], 5, 4)]
    mask = scene.panel(smooth(mirror(half)), cloth, 6, wrinkles, folds)
    scene.seam([(waist[0], waist[1]), (200, waist[1] + 6), (400 - waist[0], waist[1])], width=1.8, within=mask)
    for inset in (4, 6):
        neck = [(170 - inset, 64), (177 - inset, 106), (200, 116 + inset), (223 + inset, 106), (230 + inset, 64)]
        scene.seam(neck, within=mask, strength=0.3)
    for side in (1, -1):
        scene.seam(both(side, [(160, 222), (166, 190), (162, 165)]), within=mask, strength=0.4)
    return mask


def dress_1():
    """A dark blue dress without sleeves, on whitish wood."""
    scene = Scene(81, turn=1)
    wood(scene, (0.86, 0.80, 0.72), 74)
    gown(scene, plain(scene, (0.11, 0.13, 0.25), 0.05), 2)
    return scene.finish()


def dress_2():
    """A red dress with white dots and a belt, on a grey wall."""
    scene = Scene(82, turn=-2, zoom=1.03)
    wall(scene, (0.80, 0.79, 0.77))
    cloth = plain(scene, (0.72, 0.09, 0.12), 0.04)
    x, y = scene.x + 2 * scene.noise(4, 4), scene.y + 2 * scene.noise(4, 4)
    shifted = np.where((y // 19).astype(int) % 2 == 0, x, x + 11)
    dots = 3.4 - np.hypot(shifted % 22 - 11, y % 19 - 9.5)
    mask = gown(scene, bands(cloth, dots, (0.95, 0.93, 0.9)), 0, hem=(88, 462))
    scene.seam([(148, 224), (200, 230), (252, 224)], (0.1, 0.08, 0.08), 10, 0.95, within=mask)
    scene.disc(200, 230, 6, (0.8, 0.7, 0.4))
    scene.disc(200, 230, 3.6, (0.1, 0.08, 0.08), 0)
    return scene.finish()


def hat_1():
    """A blue cap with a red peak, on a grey blanket."""
    scene = Scene(91, turn=-6, zoom=1.1, shift=(0, 10))
    sheet(scene, (0.66, 0.64, 0.62), 1.0)
    cloth = plain(scene, (0.14, 0.22, 0.44), 0.05)
    crown = [(84, 318), (86, 240), (112, 172), (160, 134), (204, 124), (248, 134), (294, 170), (318, 240), (318, 318)]
    crown += [(260, 338), (200, 344), (140, 338)]
    dome = 26 * np.sqrt(np.clip(1 - ((scene.x - 200) / 125) ** 2 - ((scene.y - 300) / 182) ** 2, 0, 1))
    down, right = np.gradient(dome * 2)
    round_light = np.clip(1.02 + 0.9 * (right * 0.55 + down * 0.83), 0.5, 1.5)[..., None]
    panels = [([(200, 126), (158, 190), (146, 330)], 2, -7), ([(200, 126), (244, 190), (256, 330)], 2, -7)]
    panels += [([(200, 126), (120, 190), (88, 300)], 2, -6), ([(200, 126), (282, 190), (316, 300)], 2, -6)]
    mask = scene.panel(smooth(crown), cloth * round_light, 10, 1.1, panels, shadow=0.7, size=9)
    for line, _, _ in panels:
        for step in (-2.5, 2.5):
            stitched = [(x + step, y) for x, y in line]
            scene.seam(stitched, (0.55, 0.62, 0.78), 0.9, 0.6, 2.4, within=mask)
    for x, y in ((150, 180), (250, 180), (112, 220), (290, 220)):
        scene.disc(x, y, 3.6, (0.5, 0.56, 0.7), 0.2)
        scene.disc(x, y, 1.6, (0.05, 0.07, 0.12), 0)
    scene.disc(200, 126, 7, (0.13, 0.20, 0.42), 0.6)
    patch = [(200, 206), (232, 226), (232, 262), (200, 288), (168, 262), (168, 226)]
    scene.panel(patch, plain(scene, (0.93, 0.91, 0.86)), 3, 0.3, shadow=0.4, size=2)
    letter = [(186, 270), (186, 228), (200, 250), (214, 228), (214, 270)]
    scene.seam([(x, y, 1) for x, y in letter], (0.72, 0.12, 0.14), 6, 0.95)
    peak = [(82, 312, 1), (130, 300), (200, 294), (270, 300), (320, 312, 1), (338, 360), (312, 404), (256, 430)]
    peak += [(200, 438), (144, 430), (90, 404), (64, 360)]
    red = plain(scene, (0.70, 0.12, 0.14), 0.05)
    bow = np.clip(1.12 - 0.35 * ((scene.x - 190) / 130) ** 2, 0.6, 1.2)[..., None]
    mask = scene.panel(smooth(peak), red * bow, 8, 0.6, shadow=0.75, size=9)
    for step in range(5):
        inset = 8 + step * 12
        arc = [(66 + inset, 356 - step * 3), (98 + inset * 0.8, 400 - inset * 0.8), (200, 438 - inset)]
        arc += [(400 - x, y) for x, y in reversed(arc[:2])]
        scene.seam(arc, (0.45, 0.05, 0.07), 1, 0.7, 2.4, within=mask)
    return scene.finish()


def shoe(scene, side, leather, sole):
    """Lays one laced shoe, seen from above, with its toe down."""
    outline = [(150, 150), (124, 160), (110, 200), (112, 260), (96, 330), (94, 384), (116, 428), (148, 440)]
    outline += [(178, 424), (190, 376), (182, 300), (184, 220), (178, 166)]
    grown = [(142 + (x - 142) * 1.09, 295 + (y - 295) * 1.03) for x, y in outline]
    scene.panel(smooth(both(side, grown)), sole, 4, 0.4, shadow=0.75, size=8)
    ridge = [([*both(side, [(146, 290), (142, 360), (138, 420)])], 16, 22)]
    mask = scene.panel(smooth(both(side, outline)), leather, 11, 0.8, ridge, shine=0.6, shadow=0.4, size=3)
    mouth = [(148, 164), (130, 172), (122, 210), (128, 250), (148, 262), (168, 250), (172, 210), (166, 172)]
    lining = plain(scene, (0.30, 0.22, 0.16), 0.06)
    scene.panel(smooth(both(side, mouth)), lining * 0.6, -5, 0.8, shadow=0.4, size=2)
    inner = [(148, 174), (136, 182), (132, 214), (148, 240), (162, 214), (160, 182)]
    scene.panel(smooth(both(side, inner)), lining * 0.75, 2, 0.5, shadow=0.0)
    tongue = [(132, 236), (148, 230), (164, 236), (166, 330), (146, 342), (128, 330)]
    scene.panel(smooth(both(side, tongue)), leather * 0.8, 5, 0.5, shadow=0.5, size=2)
    for row in range(5):
        y = 254 + row * 17
        left, right = (126 - row, y), (168 + row * 0.5, y)
        for start, end in ((left, (right[0], y + 12)), (right, (left[0], y + 12))):
            scene.seam(both(side, [start, end]), (0.0, 0.0, 0.0), 5.4, 0.5)
            scene.seam(both(side, [start, end]), sole.mean((0, 1)) * 0.95, 3.6, 0.95)
        for x, _ in both(side, [left, right]):
            scene.disc(x, y, 2.6, (0.55, 0.55, 0.55), 0.2)
    scene.seam(both(side, [(100, 372), (120, 358), (144, 352), (170, 358), (188, 368)]), within=mask, width=1.6)
    scene.seam(both(side, [(100, 376), (120, 362), (144, 356), (170, 362), (188, 372)]), within=mask, dashes=2)
    scene.seam(both(side, [(112, 262), (122, 310), (134, 346)]), within=mask, width=1.4)
    scene.seam(both(side, [(184, 262), (176, 310), (164, 346)]), within=mask, width=1.4)


def shoes_1():
    """A pair of black laced shoes with pale soles, on pale wood."""
    scene = Scene(95, turn=4, shift=(0, -28))
    wood(scene, PALE_WOOD, 72)
    leather = plain(scene, (0.12, 0.12, 0.13), 0.03)
    sole = plain(scene, (0.88, 0.87, 0.84), 0.02)
    for side in (1, -1):
        shoe(scene, side, leather, sole)
    return scene.finish()
