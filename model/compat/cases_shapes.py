"""Cases that move numbers: joining, cutting, padding, reshaping, resizing; and other inputs."""

import tensorflow as tf

from cases import FLOAT, PLAIN, case

case("concat_last", lambda x, w: tf.concat([x, tf.nn.relu(x), x * 2.0], -1))
case("concat_1", lambda x, w: tf.concat([x, x[:, :3]], 1))
case("concat_constant", lambda x, w: tf.concat([x, w(1, 12, 10, 2)], 3))
case("stack", lambda x, w: tf.stack([x, tf.abs(x)], 1))
case("stack_last", lambda x, w: tf.stack([x, tf.abs(x), -x], -1))
case("unstack", lambda x, w: tf.concat([a * (i + 1.0) for i, a in enumerate(tf.unstack(x, axis=3))], 1))
case("split", lambda x, w: sum(a * (i + 1.0) for i, a in enumerate(tf.split(x, 2, 2))))
case("split_last", lambda x, w: tf.concat(tf.split(x, 3, -1)[::-1], 1))
case("split_v", lambda x, w: tf.concat(tf.split(x, [3, 5, 2], 2)[::-1], 2))
case("slice", lambda x, w: tf.slice(x, [0, 2, 1, 1], [1, 7, -1, 2]))
case("strided_slice", lambda x, w: x[:, 1:-1:2, ::3])
case("strided_slice_backwards", lambda x, w: x[:, ::-1, 8:2:-2, ::-1])
case("strided_slice_shrink", lambda x, w: x[:, 3, :, 1])
case("strided_slice_new_axis", lambda x, w: x[:, tf.newaxis, 2:], PLAIN)
case("strided_slice_new_axes", lambda x, w: x[:, tf.newaxis, 2:, ..., tf.newaxis], FLOAT)
case("strided_slice_ellipsis", lambda x, w: x[..., 1:])
case("strided_slice_crop", lambda x, w: x[:, 1:-1, 1:-1, :])
case("bgr", lambda x, w: x[..., ::-1] - [103.939, 116.779, 123.68], span=(0.0, 255.0))
case("reshape", lambda x, w: tf.nn.softmax(tf.reshape(x, [1, 6, 20, 3])))
case("reshape_minus_1", lambda x, w: tf.nn.softmax(tf.reshape(x, [-1, 30])))
case("reshape_computed", lambda x, w: tf.nn.softmax(tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1] // 2, -1])))
case("reshape_computed_any_batch", lambda x, w: tf.nn.softmax(tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1] // 2, 60])), batch=None)
case("reshape_stack_any_batch", lambda x, w: tf.nn.softmax(tf.reshape(x, tf.stack([tf.shape(x)[0], 36, 10]))), batch=None)
case("shape_divides", lambda x, w: tf.reduce_sum(x, [1, 2]) / tf.cast(tf.size(x), tf.float32), batch=None)
case("flatten", lambda x, w: tf.reshape(x, [tf.shape(x)[0], 360]) * 2.0, batch=None)
case("squeeze", lambda x, w: tf.squeeze(tf.reduce_mean(x, [1, 2], keepdims=True), [1, 2]))
case("squeeze_all", lambda x, w: tf.nn.softmax(tf.squeeze(x[:, :, 2:3])))
case("expand_dims", lambda x, w: tf.nn.softmax(tf.expand_dims(tf.reduce_mean(x, 2), 1)))
case("expand_dims_last", lambda x, w: tf.expand_dims(x, -1) * w(2))
case("squeeze_any_batch", lambda x, w: tf.squeeze(tf.reduce_mean(x, [1, 2], keepdims=True), [1, 2]) * w(3), batch=None)
case("expand_dims_any_batch", lambda x, w: tf.expand_dims(x, 2) * w(2, 1, 1), batch=None)
case("fill_any_batch", lambda x, w: tf.concat([x, tf.fill([tf.shape(x)[0], 12, 10, 1], 0.5)], -1), FLOAT, batch=None)
case("zeros_like_any_batch", lambda x, w: tf.concat([x, tf.raw_ops.ZerosLike(x=x[:, :2])], 1), FLOAT, batch=None)
case("broadcast_any_batch", lambda x, w: x * tf.broadcast_to(w(1, 1, 3), tf.broadcast_dynamic_shape(tf.shape(x), [12, 1, 3])), FLOAT, batch=None)
case("tile_any_batch", lambda x, w: tf.concat([x, tf.tile(w(1, 12, 10, 2), [tf.shape(x)[0], 1, 1, 1])], -1), FLOAT, batch=None)
case("transpose_nchw", lambda x, w: tf.transpose(x, [0, 3, 1, 2]))
case("transpose_nhwc", lambda x, w: tf.nn.avg_pool2d(tf.transpose(tf.reshape(x, [1, 3, 12, 10]), [0, 2, 3, 1]), 2, 2, "SAME"))
case("transpose_swap", lambda x, w: tf.transpose(x, [0, 2, 1, 3]))
case("permute_5d", lambda x, w: tf.transpose(tf.reshape(x, [1, 3, 4, 5, 6]), [0, 3, 1, 4, 2]))
case("permute_6d", lambda x, w: tf.transpose(tf.reshape(x, [1, 3, 4, 5, 2, 3]), [0, 1, 3, 2, 4, 5]), FLOAT)
case("tile", lambda x, w: tf.tile(x, [1, 2, 1, 3]))
case("broadcast_to", lambda x, w: tf.broadcast_to(tf.reduce_mean(x, [1, 2], keepdims=True), [1, 4, 5, 3]))
case("pad", lambda x, w: tf.pad(x, [[0, 0], [1, 2], [3, 0], [0, 1]]))
case("pad_constant", lambda x, w: tf.pad(x, [[0, 0], [2, 2], [1, 1], [0, 0]], constant_values=-1.5))
case("pad_max_pool", lambda x, w: tf.nn.max_pool2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID"))
case("mirror_pad_reflect", lambda x, w: tf.pad(x, [[0, 0], [2, 3], [1, 4], [0, 0]], "REFLECT"))
case("mirror_pad_symmetric", lambda x, w: tf.pad(x, [[0, 0], [3, 2], [0, 1], [0, 0]], "SYMMETRIC"))
case("gather", lambda x, w: tf.gather(x, [2, 0, 1, 2], axis=3))
case("gather_rows", lambda x, w: tf.gather(x, [[3, 1], [11, 0]], axis=1))
case("gather_one", lambda x, w: tf.gather(x, 4, axis=2))
case("gather_nd", lambda x, w: tf.gather_nd(x, [[0, 3, 2], [0, 11, 9], [0, 0, 1]]))
case("reverse", lambda x, w: tf.reverse(x, [-1]))
case("reverse_1", lambda x, w: tf.reverse(x, [1]))
case("roll", lambda x, w: tf.roll(x, [3, 2], [1, 2]), FLOAT)

SIZES = {"up": [25, 17], "down": [5, 7], "double": [24, 20]}
for name, method in {"bilinear": tf.raw_ops.ResizeBilinear, "nearest": tf.raw_ops.ResizeNearestNeighbor}.items():
    for way, size in SIZES.items():
        for mode in ("plain", "half", "corners"):
            case(
                f"resize_{name}_{way}_{mode}",
                lambda x, w, method=method, size=size, mode=mode: method(
                    images=x,
                    size=size,
                    align_corners=mode == "corners",
                    half_pixel_centers=mode == "half",
                ),
                PLAIN if way == "up" else FLOAT,
            )
case("upsample_repeat", lambda x, w: tf.repeat(tf.repeat(x, 2, 1), 2, 2))
case("space_to_depth", lambda x, w: tf.nn.space_to_depth(x, 2))
case("depth_to_space", lambda x, w: tf.nn.depth_to_space(tf.concat([x, x * 2.0, -x, x + 1.0], -1), 2))
case("space_to_batch", lambda x, w: tf.space_to_batch(x, [2, 2], [[0, 0], [1, 1]]))

case("batch_to_space", lambda x, w: tf.batch_to_space(tf.tile(x, [4, 1, 1, 1]) * w(4, 1, 1, 1), [2, 2], [[0, 1], [1, 0]]))

case("cast_uint8", lambda x, w: tf.cast(x, tf.float32) / 127.5 - 1.0, FLOAT, dtype="uint8", span=(0, 255))
case("cast_int8", lambda x, w: tf.cast(x, tf.float32) * 0.01, FLOAT, dtype="int8", span=(-128, 127))
case("cast_int32", lambda x, w: tf.cast(x, tf.float32) * 0.01, FLOAT, dtype="int32", span=(0, 255))
case("cast_down_and_up", lambda x, w: tf.cast(tf.cast(x, tf.int32), tf.float32), FLOAT, span=(-9.0, 9.0))
case("uint8_conv", lambda x, w: tf.nn.conv2d(tf.cast(x, tf.float32) / 255.0, w(3, 3, 3, 8), 2, "SAME"), FLOAT, dtype="uint8", span=(0, 255))
case("no_operator_but_reshape", lambda x, w: x)
case("output_4d", lambda x, w: tf.reshape(tf.nn.relu(x), [1, 1, 1, 360]))
