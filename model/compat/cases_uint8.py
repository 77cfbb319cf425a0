"""Cases in the old form that is uint8 throughout, as published for MobileNet and Inception."""

import tensorflow as tf

from cases import case

UINT8 = ("uint8",)


def fake(values, low: float, high: float):
    """What training with quantisation puts after weights and activations."""
    return tf.quantization.fake_quant_with_min_max_args(values, low, high, 8)


def conv(x, w, filters, kernel=3, stride=1):
    weights = fake(w(kernel, kernel, x.shape[-1], filters), -1.2, 1.0)
    y = tf.nn.conv2d(x, weights, stride, "SAME") + w.bias(filters)
    return fake(tf.nn.relu6(y), 0.0, 3.0)


def depthwise(x, w, stride=1):
    weights = fake(w(3, 3, x.shape[-1], 1) * x.shape[-1] ** 0.5, -1.0, 1.0)
    y = tf.nn.depthwise_conv2d(x, weights, [1, stride, stride, 1], "SAME")
    return fake(tf.nn.relu6(y + w.bias(x.shape[-1])), 0.0, 3.0)


def head(x, w):
    """Average pooling, a 1x1 convolution as dense layer, softmax."""
    x = tf.nn.avg_pool2d(x, x.shape[1:3], 1, "VALID")
    weights = fake(w(1, 1, x.shape[-1], 10) * 3.0, -4.0, 4.0)
    x = fake(tf.nn.conv2d(x, weights, 1, "SAME") + w.bias(10), -4.0, 4.0)
    return tf.nn.softmax(tf.reshape(x, [1, 10]))


def mobilenet(x, w):
    x = conv(fake(x, -1.0, 1.0), w, 16, stride=2)
    return head(conv(depthwise(x, w), w, 32, 1), w)


def inception(x, w):
    x = conv(fake(x, -1.0, 1.0), w, 12)
    left = conv(tf.nn.max_pool2d(x, 3, 2, "SAME"), w, 8, 1)
    right = fake(tf.nn.avg_pool2d(x, 3, 2, "SAME"), 0.0, 3.0)
    return head(fake(tf.concat([left, right], 3), 0.0, 3.0), w)


def residual(x, w):
    x = conv(fake(x, -1.0, 1.0), w, 8)
    return head(fake(x + conv(x, w, 8), 0.0, 6.0), w)


def dense(x, w):
    x = tf.reshape(conv(fake(x, -1.0, 1.0), w, 8, stride=2), [1, -1])
    weights = fake(w(x.shape[-1], 10), -0.3, 0.3)
    return fake(tf.matmul(x, weights) + w.bias(10), -3.0, 3.0)


case("old_mobilenet", mobilenet, UINT8, span=(-1.0, 1.0))
case("old_inception", inception, UINT8, span=(-1.0, 1.0))
case("old_residual", residual, UINT8, span=(-1.0, 1.0))
case("old_dense", dense, UINT8, span=(-1.0, 1.0))
