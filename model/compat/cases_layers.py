"""Cases with weights: convolutions, dense layers, normalisations, blocks; and pooling."""

import keras
import tensorflow as tf

from cases import FLOAT, HEIGHT, WEIGHTS, WIDTH, case


def conv(x, w, filters, kernel=3, stride=1, padding="SAME", dilation=1, bias=True, groups=1):
    channels = x.shape[-1] // groups
    y = tf.nn.conv2d(x, w(kernel, kernel, channels, filters), stride, padding, dilations=dilation)
    return y + w.bias(filters) if bias else y


def depthwise(x, w, multiplier=1, kernel=3, stride=1, padding="SAME", dilation=1):
    # Scaled by the inputs of one output: one channel's.
    weights = w(kernel, kernel, x.shape[-1], multiplier) * x.shape[-1] ** 0.5
    strides = [1, stride, stride, 1]
    y = tf.nn.depthwise_conv2d(x, weights, strides, padding, dilations=[dilation, dilation])
    return y + w.bias(x.shape[-1] * multiplier)


def flat(x):
    return tf.reshape(x, [1, -1])


# Dynamic-range quantisation leaves weights of less than 1024 numbers alone: 5x5x3x16 has more.
case("conv_same", lambda x, w: conv(x, w, 16, 5), WEIGHTS)
case("conv_valid", lambda x, w: conv(x, w, 16, 5, padding="VALID"), WEIGHTS)
case("conv_1x1", lambda x, w: conv(conv(x, w, 32, 1), w, 40, 1), WEIGHTS)
case("conv_no_bias", lambda x, w: conv(x, w, 16, 5, bias=False), WEIGHTS)
case("conv_stride_2", lambda x, w: conv(x, w, 16, 5, stride=2), WEIGHTS)
case("conv_stride_2_valid", lambda x, w: conv(x, w, 8, 3, stride=2, padding="VALID"))
case("conv_stride_2x3", lambda x, w: tf.nn.conv2d(x, w(3, 2, 3, 8), [1, 2, 3, 1], "SAME"))
case("conv_dilated", lambda x, w: conv(x, w, 16, 5, dilation=2), WEIGHTS)
case("conv_dilated_valid", lambda x, w: conv(x, w, 8, dilation=3, padding="VALID"))
case("conv_padded", lambda x, w: conv(tf.pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]]), w, 8, 3, 2, "VALID"))
case("conv_one_channel", lambda x, w: conv(x, w, 8, 3), channels=1)
case("conv_grouped", lambda x, w: conv(conv(x, w, 24, 1), w, 48, 3, groups=4), WEIGHTS)
case("conv_grouped_3", lambda x, w: conv(x, w, 6, 3, groups=3))
case("conv_relu", lambda x, w: tf.nn.relu(conv(x, w, 8)))
case("conv_relu6", lambda x, w: tf.nn.relu6(conv(x, w, 8) * 4.0))
case("conv_relu_n1_to_1", lambda x, w: tf.clip_by_value(conv(x, w, 8), -1.0, 1.0))
case("conv_relu_0_to_1", lambda x, w: tf.clip_by_value(conv(x, w, 8), 0.0, 1.0))
case("conv_tanh", lambda x, w: tf.tanh(conv(x, w, 8)))
case("conv_scale_shift", lambda x, w: conv(x, w, 8, bias=False) * w.positive(8) + w.bias(8))
case("depthwise", lambda x, w: depthwise(conv(x, w, 16), w), WEIGHTS)
case("depthwise_48", lambda x, w: depthwise(conv(x, w, 48), w, 1, 5), WEIGHTS)
case("depthwise_valid_stride", lambda x, w: depthwise(x, w, 1, stride=2, padding="VALID"))
case("depthwise_stride_same", lambda x, w: depthwise(x, w, 1, kernel=5, stride=2))
case("depthwise_times_2", lambda x, w: depthwise(x, w, 2), WEIGHTS)
case("depthwise_times_4", lambda x, w: depthwise(x, w, 4))
case("depthwise_one_channel_times_8", lambda x, w: depthwise(x, w, 8), WEIGHTS, channels=1)
case("depthwise_dilated", lambda x, w: depthwise(x, w, 1, dilation=2))
case("depthwise_relu6", lambda x, w: tf.nn.relu6(depthwise(x, w, 1) * 4.0))
case("dense", lambda x, w: tf.matmul(flat(x), w(360, 10)) + w.bias(10), WEIGHTS)
case("dense_no_bias", lambda x, w: tf.matmul(flat(x), w(360, 10)), WEIGHTS)
case("dense_relu", lambda x, w: tf.nn.relu(tf.matmul(flat(x), w(360, 10)) + w.bias(10)), WEIGHTS)
case("dense_4d", lambda x, w: tf.tensordot(x, w(3, 8), 1) + w.bias(8), WEIGHTS)
case("dense_4d_keras", lambda w: [keras.layers.Dense(400, use_bias=True)], WEIGHTS, keras=True)
case("dense_twice", lambda w: [keras.layers.Flatten(), keras.layers.Dense(40, "relu"), keras.layers.Dense(30, "softmax")], WEIGHTS, keras=True)
case("einsum_dense", lambda x, w: tf.einsum("bhwc,cde->bhwde", x, w(3, 4, 5)), WEIGHTS)
case("matmul_left_constant", lambda x, w: tf.matmul(w(7, 12), tf.reshape(x, [1, 12, 30])), WEIGHTS)


def transpose_conv(padding, stride, kernel=3):
    def call(x, w):
        sizes = [s * stride if padding == "SAME" else (s - 1) * stride + kernel for s in (HEIGHT, WIDTH)]
        y = tf.nn.conv2d_transpose(x, w(kernel, kernel, 16, 3), [1, *sizes, 16], stride, padding)
        return y + w.bias(16)

    return call


case("transpose_conv_same", transpose_conv("SAME", 2), WEIGHTS)
case("transpose_conv_valid", transpose_conv("VALID", 2))
case("transpose_conv_valid_3", transpose_conv("VALID", 3, 2))
case("transpose_conv_stride_1", transpose_conv("SAME", 1, 5), WEIGHTS)

case("conv_1d_dilated", lambda x, w: tf.nn.conv1d(tf.reshape(x, [1, 30, 12]), w(3, 12, 8), 1, "SAME", dilations=2) + w.bias(8), WEIGHTS)
case("conv_1d_dilated_valid", lambda x, w: tf.nn.conv1d(tf.reshape(x, [1, 40, 9]), w(4, 9, 8), 1, "VALID", dilations=3))

case("average_pool_valid", lambda x, w: tf.nn.avg_pool2d(x, 3, 2, "VALID"))
case("average_pool_same", lambda x, w: tf.nn.avg_pool2d(x, 3, 1, "SAME"))
case("average_pool_same_stride", lambda x, w: tf.nn.avg_pool2d(x, [3, 5], [2, 3], "SAME"))
case("average_pool_all", lambda x, w: tf.nn.avg_pool2d(x, [HEIGHT, WIDTH], 1, "VALID"))
case("max_pool_valid", lambda x, w: tf.nn.max_pool2d(x, 2, 2, "VALID"))
case("max_pool_same", lambda x, w: tf.nn.max_pool2d(x, 3, 2, "SAME"))
case("max_pool_same_negative", lambda x, w: tf.nn.max_pool2d(x, 3, 1, "SAME"), span=(-3, -1))
case("max_pool_relu", lambda x, w: tf.nn.relu(tf.nn.max_pool2d(x, 2, 2, "SAME")))
case("global_average", lambda w: [keras.layers.GlobalAveragePooling2D()], keras=True)
case("global_average_kept", lambda w: [keras.layers.GlobalAveragePooling2D(keepdims=True)], keras=True)
case("global_max", lambda w: [keras.layers.Conv2D(4, 3), keras.layers.GlobalMaxPooling2D()], keras=True)
case("global_max_kept", lambda w: [keras.layers.Conv2D(4, 3), keras.layers.GlobalMaxPooling2D(keepdims=True)], keras=True)
case("local_response_normalisation", lambda x, w: tf.nn.lrn(conv(x, w, 8), 2, 1.0, 0.1, 0.75))

case("layer_norm", lambda w: [keras.layers.Conv2D(16, 3), keras.layers.LayerNormalization(epsilon=1e-6)], WEIGHTS, keras=True)
case("batch_norm", lambda w: [keras.layers.BatchNormalization()], keras=True)
case("batch_norm_conv", lambda w: [keras.layers.Conv2D(16, 5, use_bias=False), keras.layers.BatchNormalization(), keras.layers.ReLU(6.0)], WEIGHTS, keras=True)
case("batch_norm_depthwise", lambda w: [keras.layers.DepthwiseConv2D(3, use_bias=False), keras.layers.BatchNormalization()], keras=True)
case("batch_norm_then_conv", lambda w: [keras.layers.BatchNormalization(), keras.layers.Conv2D(16, 5, padding="same")], WEIGHTS, keras=True)
case("group_norm", lambda w: [keras.layers.Conv2D(16, 3), keras.layers.GroupNormalization(4)], keras=True)
case("separable_conv", lambda w: [keras.layers.SeparableConv2D(64, 3), keras.layers.SeparableConv2D(16, 3, activation="swish")], WEIGHTS, keras=True)


def batch_norm_unfused(x, w):
    y = conv(x, w, 8)
    return w.positive(8) * (y - w.bias(8)) / tf.sqrt(w.positive(8) + 0.001) + w.bias(8)


def squeeze_excite(x, w):
    y = conv(x, w, 16)
    s = tf.reduce_mean(y, [1, 2], keepdims=True)
    s = tf.nn.silu(conv(s, w, 4, 1))
    return y * tf.sigmoid(conv(s, w, 16, 1))


def squeeze_excite_dense(x, w):
    y = conv(x, w, 16)
    s = tf.nn.relu(tf.matmul(tf.reduce_mean(y, [1, 2]), w(16, 4)) + w.bias(4))
    s = tf.nn.relu6(tf.matmul(s, w(4, 16)) + 3.0) / 6.0
    return y * tf.reshape(s, [-1, 1, 1, 16])


def channel_shuffle(x, w):
    y = conv(x, w, 12)
    y = tf.transpose(tf.reshape(y, [-1, HEIGHT, WIDTH, 3, 4]), [0, 1, 2, 4, 3])
    return conv(tf.reshape(y, [-1, HEIGHT, WIDTH, 12]), w, 8)


def residual(x, w):
    y = conv(x, w, 3)
    return tf.nn.relu(x + conv(tf.nn.relu(y), w, 3))


def self_attention(x, w):
    tokens = tf.reshape(conv(x, w, 16, 2, 2, "VALID"), [1, 30, 16])
    q, k, v = (tf.tensordot(tokens, w(16, 16), 1) + w.bias(16) for _ in range(3))
    q, k, v = (tf.transpose(tf.reshape(t, [1, 30, 4, 4]), [0, 2, 1, 3]) for t in (q, k, v))
    weights = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * 0.5)
    mixed = tf.reshape(tf.transpose(tf.matmul(weights, v), [0, 2, 1, 3]), [1, 30, 16])
    return tokens + tf.tensordot(mixed, w(16, 16), 1)


def class_token(x, w):
    tokens = tf.reshape(conv(x, w, 16, 2, 2, "VALID"), [-1, 30, 16])
    token = tf.broadcast_to(w(1, 1, 16), [tf.shape(tokens)[0], 1, 16])
    return tf.concat([token, tokens], 1) + w(1, 31, 16)


def classifier(x, w):
    y = tf.nn.relu6(conv(x, w, 16, 5, 2))
    y = tf.nn.relu6(depthwise(y, w))
    y = tf.nn.swish(conv(y, w, 64, 1))
    y = tf.reduce_mean(y, [1, 2])
    return tf.nn.softmax(tf.matmul(y, w(64, 20)) * 5.0 + w.bias(20))


case("batch_norm_unfused", batch_norm_unfused)
case("squeeze_excite", squeeze_excite, WEIGHTS)
case("squeeze_excite_dense", squeeze_excite_dense, WEIGHTS)
case("channel_shuffle", channel_shuffle, WEIGHTS)
case("residual", residual)
case("self_attention", self_attention, WEIGHTS)
case("class_token", class_token, WEIGHTS)
case("classifier", classifier, WEIGHTS)
case("classifier_any_batch", classifier, WEIGHTS, batch=None)
case("conv_any_batch", lambda x, w: conv(x, w, 16, 5), WEIGHTS, batch=None)
case("dense_4d_any_batch", lambda x, w: tf.tensordot(x, w(3, 8), 1) + w.bias(8), WEIGHTS, batch=None)
case("class_token_any_batch", class_token, FLOAT, batch=None)
case("squeeze_excite_any_batch", squeeze_excite_dense, batch=None)
