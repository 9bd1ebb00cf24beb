"""Other ways to make a right eye, written here for comparison in the same run."""

import cv2
import numpy as np


def backward(left, disparity):
    """Sample the left picture with the left disparity: what cv2.remap alone can do."""
    x, y = maps(disparity)
    right = cv2.remap(left, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return right, np.zeros(disparity.shape, bool)


def maps(disparity):
    """What cv2.remap is to sample."""
    height, width = disparity.shape
    x = np.arange(width, dtype=np.float32) + disparity
    y = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    return x.astype(np.float32), y


def softmax_splat(left, disparity):
    """Two taps a pixel, weight 1.414 ** disparity; holes continue their right side."""
    height, width = disparity.shape
    place = np.arange(width) - disparity.astype(np.float64)
    first = np.floor(place).astype(np.int64)
    row = np.arange(height)[:, None] * width
    total = np.zeros((4, height * width))
    for tap in (0, 1):
        share = 1.0 - np.abs(place - (first + tap))
        weight = (share * 1.414**disparity).ravel()
        target = first + tap
        inside = ((target >= 0) & (target < width)).ravel()
        index = (row + target).ravel()[inside]
        for channel in range(3):
            value = left[:, :, channel].ravel()[inside] * weight[inside]
            total[channel] += np.bincount(index, value, height * width)
        total[3] += np.bincount(index, weight[inside], height * width)
    covered = (total[3] > 1e-6).reshape(height, width)
    colour = (total[:3] / np.maximum(total[3], 1e-9)).T.reshape(height, width, 3)
    return extended(np.clip(colour + 0.5, 0, 255).astype(np.uint8), ~covered), ~covered


def extended(picture, holes):
    """Fill holes with the nearest known pixel on their right, else on their left."""
    width = holes.shape[1]
    index = np.arange(width)
    right = np.minimum.accumulate(np.where(holes, width, index)[:, ::-1], axis=1)[:, ::-1]
    left = np.maximum.accumulate(np.where(holes, -1, index), axis=1)
    source = np.clip(np.where(right < width, right, left), 0, width - 1)
    return np.take_along_axis(picture, source[:, :, None], axis=1)


def inpainted(right, holes):
    """cv2.inpaint (Telea, radius 3) in place of what is in the holes."""
    return cv2.inpaint(right, holes.astype(np.uint8), 3, cv2.INPAINT_TELEA)
