"""How good the right eye is when the disparity is true, against other ways in the same run."""

import cv2
import numpy as np
from stereo_engine.scene import CALM, render
from stereo_engine.splat import right_view

from benchmarks import engine_peers as peers

SEEDS, FRAMES, KINDS = (101, 102, 103, 104), 4, ("cam", "both")
"""Seeds that no setting was chosen on."""
EDGE_PX = 2


def table(seeds=SEEDS, frames=FRAMES, kinds=KINDS, width=640, height=360, look=CALM):
    """Mean scores of every method: {method: {score: value}}."""
    scores = {}
    for kind in kinds:
        for seed in seeds:
            truth = list(render(kind, seed, frames, width, height, look=look))
            for name, made in _made(truth).items():
                scores.setdefault(name, []).append(_scores(truth, made))
    return {
        name: {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        for name, rows in scores.items()
    }


def _made(truth):
    made = {
        "stereo_engine": [],
        "fill=blend": [],
        "softmax splat": [],
        "backward": [],
        "cv2.inpaint": [],
    }
    for frame in truth:
        right, holes = right_view(frame.left, frame.disparity)
        made["stereo_engine"].append(right)
        made["fill=blend"].append(right_view(frame.left, frame.disparity, fill="blend")[0])
        made["softmax splat"].append(peers.softmax_splat(frame.left, frame.disparity)[0])
        made["backward"].append(peers.backward(frame.left, frame.disparity)[0])
        made["cv2.inpaint"].append(peers.inpainted(right, holes))
    return made


def _scores(truth, made):
    rows = [_frame_scores(frame, picture) for frame, picture in zip(truth, made, strict=True)]
    scores = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    steps = [
        (made[i].astype(float) - made[i - 1]) - (truth[i].right.astype(float) - truth[i - 1].right)
        for i in range(1, len(truth))
    ]
    scores["flicker"] = float(np.mean([np.sqrt(np.mean(step**2)) for step in steps]))
    return scores


def _frame_scores(frame, picture):
    step = np.abs(np.diff(frame.right_disparity, axis=1, append=frame.right_disparity[:, -1:])) > 1
    near_edge = cv2.dilate(step.astype(np.uint8), np.ones((1, 2 * EDGE_PX + 1))) > 0
    similar = ssim_map(picture, frame.right)
    everywhere = np.ones_like(frame.hidden)
    return {
        "visible_db": psnr(picture, frame.right, frame.visible),
        "visible_ssim": float(similar[frame.visible].mean()),
        "edge_db": psnr(picture, frame.right, near_edge & frame.visible),
        "hidden_db": psnr(picture, frame.right, frame.hidden),
        "hidden_ssim": float(similar[frame.hidden].mean()),
        "in_frame_db": psnr(picture, frame.right, ~frame.outside),
        "all_db": psnr(picture, frame.right, everywhere),
    }


def psnr(one, other, mask):
    """Peak signal to noise ratio over a mask, dB."""
    error = np.mean((one[mask].astype(float) - other[mask]) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def ssim_map(one, other):
    """Gaussian SSIM (sigma 1.5) of the luma, [H, W]."""
    x, y = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (one, other))

    def blurred(picture):
        return cv2.GaussianBlur(picture, (11, 11), 1.5)

    mean_x, mean_y = blurred(x), blurred(y)
    spread = blurred(x * x) - mean_x**2 + blurred(y * y) - mean_y**2
    shared = blurred(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_x * mean_y + c1) * (2 * shared + c2)
    return top / ((mean_x**2 + mean_y**2 + c1) * (spread + c2))
