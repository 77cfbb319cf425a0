"""Drawings of T-shirts, sweaters, shirts and jackets."""

import numpy as np

from cloth import PALE_WOOD, Scene, bands, mirror, plain, sheet, smooth, wood


def tee(scene, cloth, neck=34, hem=438, sleeve=(66, 205), wrinkles=1.0):
    """Lays a T-shirt: neck depth, hem, and where the sleeve ends."""
    x, y = sleeve
    back = [(158, 98, 1), (200, 108), (242, 98, 1), (238, 140), (162, 140)]
    scene.panel(smooth(back), cloth * 0.62, 2, 0.3, shadow=0.2)
    half = [(200, 98 + neck, 1), (172, 90 + neck * 0.75), (157, 95, 1), (118, 110), (x, y - 32, 1)]
    half += [(x + 35, y + 8, 1), (112, 186, 1), (113, 260), (108, hem - 6, 1), (200, hem + 3)]
    folds = [
        ([(118, 180), (160, 205), (210, 210)], 5, 5),
        ([(284, 178), (240, 215), (190, 230)], 5, 4),
        ([(130, 400), (165, 330), (160, 260)], 7, 5),
        ([(275, 420), (250, 340), (258, 280)], 7, 5),
        ([(110, 130), (118, 180)], 4, -5),
        ([(290, 130), (282, 180)], 4, -5),
    ]
    mask = scene.panel(smooth(mirror(half)), cloth, 5, wrinkles, folds)
    for side in (1, -1):
        at = (lambda px: px) if side == 1 else (lambda px: 400 - px)
        scene.seam([(at(140), 102), (at(116), 140), (at(113), 184)], within=mask)
        scene.seam([(at(x + 3), y - 24), (at(x + 33), y + 2)], within=mask, strength=0.3, dashes=2)
    scene.seam([(110, hem - 16), (200, hem - 8), (290, hem - 16)], strength=0.3, dashes=2, within=mask)
    for inset in (5, 7):
        collar = [(157 - inset, 96), (171 - inset, 92 + neck * 0.8), (200, 98 + neck + inset)]
        collar += [(229 + inset, 92 + neck * 0.8), (243 + inset, 96)]
        scene.seam(collar, width=1.4, within=mask)
    return mask


def t_shirt_1():
    """A grey T-shirt with a printed sun, on pale wood."""
    scene = Scene(11, turn=-2)
    wood(scene, PALE_WOOD)
    cloth = plain(scene, (0.30, 0.33, 0.37))
    far = np.hypot(scene.x - 200, scene.y - 215)
    around = np.arctan2(scene.y - 215, scene.x - 200)
    cloth = bands(cloth, (34 - far) / 3, (0.96, 0.62, 0.18))
    rays = np.minimum(np.sin(around * 12), np.minimum((far - 40) / 3, (56 - far) / 3))
    cloth = bands(cloth, rays, (0.95, 0.82, 0.45))
    words = np.minimum(3 - np.abs(scene.y - 288), 52 - np.abs(scene.x - 200))
    cloth = bands(cloth, np.minimum(words, np.sin(scene.x * 0.9) + 0.6), (0.9, 0.9, 0.86))
    tee(scene, cloth)
    return scene.finish()


def t_shirt_2():
    """A striped T-shirt on a red sheet."""
    scene = Scene(12, turn=3, zoom=0.95)
    sheet(scene, (0.62, 0.10, 0.22), 0.6)
    cloth = plain(scene, (0.93, 0.92, 0.89), 0.03)
    cloth = bands(cloth, np.sin((scene.y + 2 * scene.noise(4, 3)) * 0.24) - 0.35, (0.12, 0.18, 0.38))
    tee(scene, cloth, neck=26, hem=415, sleeve=(70, 196))
    return scene.finish()


def arms(scene, cloth, cuff, wrinkles=1.1, wide=1.0):
    """Lays two long sleeves that hang down beside the body."""
    for side in (1, -1):
        at = (lambda px: px) if side == 1 else (lambda px: 400 - px)
        shape = [(128, 104, 1), (100, 128), (78 - 6 * wide, 220), (50 - 4 * wide, 330), (44, 372, 1)]
        shape += [(76 + 4 * wide, 382, 1), (92 + 4 * wide, 330), (112, 250), (134, 180, 1)]
        folds = [([(at(84), 200 + step), (at(108), 212 + step)], 4, 5) for step in (0, 22, 40)]
        folds += [([(at(60), 320 + step), (at(86), 312 + step)], 3, 4) for step in (0, 16, 30)]
        mask = scene.panel(smooth([(at(x), y, *c) for x, y, *c in shape]), cloth, 6, wrinkles, folds)
        if cuff is not None:
            band = [(49, 350, 1), (43, 376, 1), (76 + 4 * wide, 386, 1), (85 + 3 * wide, 358, 1)]
            scene.panel([(at(x), y) for x, y, *_ in band], cuff, 4, 0.3, shadow=0.2)
        scene.seam([(at(130), 110), (at(126), 150), (at(134), 180)], within=mask)


def longsleeve_1():
    """A sweater with long sleeves and dark blue stripes, on pale wood."""
    scene = Scene(21, turn=2)
    wood(scene, PALE_WOOD, 60)
    colour = (0.13, 0.16, 0.27)
    cloth = bands(plain(scene, (0.88, 0.87, 0.84), 0.04), np.sin(scene.y * 0.33) - 0.1, colour, 0.9)
    ribs = plain(scene, colour) * (0.85 + 0.15 * np.sin(scene.x * 1.7))[..., None]
    arms(scene, cloth, ribs)
    scene.panel(smooth([(160, 96, 1), (200, 106), (240, 96, 1), (236, 132), (164, 132)]), cloth * 0.6, 2)
    half = [(200, 126, 1), (174, 116), (158, 93, 1), (124, 106), (112, 140), (124, 190), (120, 300)]
    half += [(116, 410, 1), (200, 414)]
    folds = [([(135, 250), (180, 262), (230, 256)], 5, 4), ([(140, 380), (160, 320)], 6, 5)]
    folds += [([(262, 370), (244, 300)], 6, 5), ([(130, 180), (160, 200)], 5, 5)]
    mask = scene.panel(smooth(mirror(half)), cloth, 6, 1.1, folds)
    scene.panel([(117, 392), (115, 418), (285, 418), (283, 392)], ribs, 4, 0.3, shadow=0.2)
    for inset in (1, 9):
        collar = [(157 - inset, 94), (173 - inset, 118), (200, 127 + inset), (227 + inset, 118)]
        scene.seam(collar + [(243 + inset, 94)], width=1.6, within=mask)
    return scene.finish()


def buttoned(scene, cloth, hem=420, sleeves="long", buttons=(0.95, 0.95, 0.92), cuff=None):
    """Lays a shirt with a collar, a button placket and a pocket."""
    if sleeves == "long":
        arms(scene, cloth, cloth if cuff is None else cuff, 1.2)
    else:
        for side in (1, -1):
            at = (lambda px: px) if side == 1 else (lambda px: 400 - px)
            shape = [(132, 104, 1), (98, 124), (62, 200, 1), (106, 224, 1), (132, 178, 1)]
            scene.panel(smooth([(at(x), y, *c) for x, y, *c in shape]), cloth * 0.97, 5, 1)
            scene.seam([(at(66), 192), (at(109), 215)], dashes=2, strength=0.4)
    half = [(200, 104, 1), (166, 92, 1), (126, 106), (114, 150), (122, 200), (119, 300), (114, hem - 18, 1)]
    half += [(140, hem - 2), (200, hem + 6)]
    folds = [([(130, 190), (165, 225), (185, 290)], 5, 4), ([(272, 190), (240, 240)], 5, 4)]
    folds += [([(138, 390), (160, 320)], 6, 5), ([(262, 396), (246, 310)], 6, 5)]
    mask = scene.panel(smooth(mirror(half)), cloth, 5, 1.1, folds)
    scene.panel([(191, 112), (191, hem + 4), (209, hem + 4), (209, 112)], cloth * 1.03, 3, 0.3, shadow=0.3, size=2)
    for x in (193.5, 206.5):
        scene.seam([(x, 118), (x, hem)], dashes=2, width=0.9, strength=0.35, within=mask)
    pocket = [(232, 190), (232, 228), (250, 238), (268, 228), (268, 190)]
    scene.panel(pocket, cloth * 0.99, 2, 0.2, shadow=0.3, size=1.5)
    scene.seam([(232, 198), (268, 198)], dashes=2, strength=0.4)
    inside = [(168, 84, 1), (200, 78), (232, 84, 1), (224, 108), (200, 116), (176, 108)]
    scene.panel(smooth(inside), cloth * 0.55, 2, 0.2, shadow=0.2)
    for side in (1, -1):
        at = (lambda px: px) if side == 1 else (lambda px: 400 - px)
        wing = [(170, 76), (160, 92), (168, 138), (201, 113), (180, 100)]
        scene.panel([(at(x), y) for x, y in wing], cloth * 1.02, 4, 0.2, shadow=0.5, size=2.5)
        scene.seam([(at(163), 95), (at(169), 133), (at(197), 112)], dashes=2, width=0.9, strength=0.35)
        scene.seam([(at(166), 108), (at(140), 118), (at(122), 126)], strength=0.35, within=mask)
        scene.seam([(at(130), 106), (at(119), 150), (at(123), 196)], within=mask)
    for y in range(124, hem - 10, 44):
        scene.disc(200, y, 3.4, buttons)
        scene.disc(200, y, 1.0, (0.3, 0.3, 0.3), 0)


def checks(scene, ground, first, second, size=30):
    """Checked cloth: bands across and down, darker where they cross."""
    cloth = plain(scene, ground, 0.04)
    bend = 1.5 * scene.noise(4, 4)
    for field in (scene.x + bend, scene.y + bend):
        cloth = bands(cloth, np.sin(field * 2 * np.pi / size) - 0.1, first, 0.55)
        cloth = bands(cloth, np.sin(field * 2 * np.pi / size + 2.6) - 0.94, second, 0.7)
    return cloth


def shirt_1():
    """A checked shirt with long sleeves, on a pale sheet."""
    scene = Scene(31, turn=-1)
    sheet(scene, (0.86, 0.80, 0.70), 0.5)
    buttoned(scene, checks(scene, (0.66, 0.13, 0.14), (0.10, 0.08, 0.12), (0.92, 0.85, 0.75)))
    return scene.finish()


def shirt_2():
    """A light blue striped shirt with short sleeves, on a magenta sheet."""
    scene = Scene(32, turn=2)
    sheet(scene, (0.66, 0.08, 0.36), 0.5)
    cloth = plain(scene, (0.88, 0.91, 0.95), 0.03)
    cloth = bands(cloth, np.sin((scene.x + scene.noise(3, 4)) * 0.9) - 0.2, (0.42, 0.55, 0.78), 0.8)
    buttoned(scene, cloth, sleeves="short")
    return scene.finish()


def outwear_1():
    """A red quilted jacket with a hood, a bright lining and a zip, on pale wood."""
    scene = Scene(41, turn=1)
    wood(scene, PALE_WOOD, 62)
    cloth = plain(scene, (0.55, 0.10, 0.10), 0.03)
    hood = [(140, 112), (138, 60), (168, 34), (200, 30), (232, 34), (262, 60), (260, 112), (200, 130)]
    scene.panel(smooth(hood), cloth, 8, 1.5, shine=0.2)
    dark = [(158, 112), (160, 74), (180, 56), (200, 53), (220, 56), (240, 74), (242, 112), (200, 134)]
    fur = plain(scene, (0.62, 0.53, 0.42), 0.2)
    scene.panel(smooth([(200 + (x - 200) * 1.2, 92 + (y - 92) * 1.18) for x, y in dark]), fur, 5, 2.5)
    scene.panel(smooth(dark), cloth * 0.35, 2, 0.5, shadow=0.3)
    lining = plain(scene, (0.70, 0.38, 0.16), 0.04)
    back = [(160, 104), (126, 120), (124, 424), (276, 424), (274, 120), (240, 104)]
    scene.panel(back, lining * 0.75, 4, 1.6, [([(200, 130), (200, 420)], 4, 5)], shadow=0.6, size=8)
    dark_rim = plain(scene, (0.10, 0.11, 0.11), 0.03)
    for side in (1, -1):
        at = (lambda px: px) if side == 1 else (lambda px: 400 - px)
        shape = [(134, 102, 1), (84, 126), (52, 220), (24, 330), (20, 366, 1), (78, 386, 1), (104, 320), (132, 210, 1)]
        folds = [([(at(18), y + 8), (at(140), y + 24)], 2.5, -18) for y in range(150, 350, 36)]
        scene.panel(smooth([(at(x), y, *c) for x, y, *c in shape]), cloth, 12, 1.3, folds, shine=0.3)
        band = [(at(21), 356), (at(18), 380), (at(76), 398), (at(84), 372)]
        scene.panel(band, dark_rim, 4, 0.3, shadow=0.3)
        front = [(168, 98, 1), (126, 106), (104, 150), (110, 220), (104, 330), (98, 432, 1), (150, 442), (197, 440, 1)]
        front += [(198, 330), (198, 210), (198, 132, 1)]
        quilts = range(148, 430, 36)
        folds = [([(at(96), y), (at(140), y + 8), (at(190), y + 4)], 2.5, -18) for y in quilts]
        mask = scene.panel(smooth([(at(x), y, *c) for x, y, *c in front]), cloth, 12, 1.3, folds, shine=0.3, size=7)
        for y in quilts:
            scene.seam([(at(96), y), (at(140), y + 8), (at(190), y + 4)], strength=0.4, within=mask)
        edge = [(at(198), 132), (at(198), 210), (at(198), 330), (at(197), 440)]
        scene.seam(edge, colour=(0.10, 0.10, 0.10), width=7, strength=0.95)
        scene.seam(edge, colour=(0.75, 0.75, 0.72), width=2.4, strength=0.95, dashes=1.8)
        pocket = [(at(122), 320), (at(112), 372), (at(120), 374), (at(130), 322)]
        scene.panel(pocket, dark_rim, 3, 0.2, shadow=0.5, size=2)
        collar = [(166, 92, 1), (150, 110), (158, 150), (186, 168, 1), (188, 128), (178, 104)]
        scene.panel(smooth([(at(x), y, *c) for x, y, *c in collar]), lining, 7, 0.8, shadow=0.6, size=4)
    label = [(188, 116), (188, 130), (212, 130), (212, 116)]
    scene.panel(label, plain(scene, (0.9, 0.9, 0.88)), 1, 0.1, shadow=0.3, size=1)
    return scene.finish()
