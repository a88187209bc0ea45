"""What trtexec wrote on real machines; runs of lines were left out."""

from __future__ import annotations

# Jetson Nano, JetPack 4.6, TensorRT 8.2.1: passed.
PASSED_8_2 = """\
&&&& RUNNING TensorRT.trtexec [TensorRT v8201] # trtexec --workspace=2048 --onnx=weights/culane_18-INT32.onnx \
--saveEngine=weights/culane_18-INT32.engine
[07/14/2023-11:52:09] [I] === Model Options ===
[07/14/2023-11:52:09] [I] Format: ONNX
[07/14/2023-11:52:09] [I] Selected Device: NVIDIA Tegra X1
[07/14/2023-11:52:09] [I] Compute Capability: 5.3
[07/14/2023-11:52:09] [I] TensorRT version: 8.2.1
[07/14/2023-11:52:13] [W] [TRT] onnx2trt_utils.cpp:366: Your ONNX model has been generated with INT64 weights, while \
TensorRT does not natively support INT64. Attempting to cast down to INT32.
[07/14/2023-11:52:13] [I] Finish parsing network model
[07/14/2023-11:55:10] [I] [TRT] Total Activation Memory: 22118400
[07/14/2023-11:55:14] [I] Engine built in 184.708 sec.
[07/14/2023-11:55:18] [I] Timing trace has 35 queries over 3.16419 s
[07/14/2023-11:55:18] [I] Average on 10 runs - GPU latency: 89.9398 ms - Host latency: 90.2251 ms (end to end \
90.2382 ms, enqueue 5.77939 ms)
[07/14/2023-11:55:18] [I] === Performance summary ===
[07/14/2023-11:55:18] [I] Throughput: 11.0613 qps
[07/14/2023-11:55:18] [I] Latency: min = 89.312 ms, max = 91.492 ms, mean = 90.3919 ms, median = 90.3035 ms, \
percentile(99%) = 91.492 ms
[07/14/2023-11:55:18] [I] End-to-End Host Latency: min = 89.3254 ms, max = 91.5049 ms, mean = 90.4048 ms, median = \
90.3167 ms, percentile(99%) = 91.5049 ms
[07/14/2023-11:55:18] [I] H2D Latency: min = 0.274475 ms, max = 0.288208 ms, mean = 0.277587 ms, median = 0.276855 ms, \
percentile(99%) = 0.288208 ms
&&&& PASSED TensorRT.trtexec [TensorRT v8201] # trtexec --workspace=2048 --onnx=weights/culane_18-INT32.onnx \
--saveEngine=weights/culane_18-INT32.engine
"""
# Jetson Orin Nano, JetPack 5.1, TensorRT 8.5.2: the end of a run that passed.
PASSED_8_5 = """\
[02/26/2024-10:43:06] [I] === Performance summary ===
[02/26/2024-10:43:06] [I] Throughput: 97.8649 qps
[02/26/2024-10:43:06] [I] Latency: min = 10.642 ms, max = 10.9861 ms, mean = 10.7971 ms, median = 10.7972 ms, \
percentile(90%) = 10.9329 ms, percentile(95%) = 10.949 ms, percentile(99%) = 10.9744 ms
[02/26/2024-10:43:06] [I] Enqueue Time: min = 1.1098 ms, max = 2.30975 ms, mean = 1.36227 ms, median = 1.19873 ms, \
percentile(90%) = 1.9928 ms, percentile(95%) = 2.07275 ms, percentile(99%) = 2.15002 ms
[02/26/2024-10:43:06] [I] Explanations of the performance metrics are printed in the verbose logs.
&&&& PASSED TensorRT.trtexec [TensorRT v8502] # trtexec --onnx=./yolox_s_leaky.onnx --saveEngine=./fp16.trt --fp16
"""
# TensorRT 8.5.10: no implementation for a node.
FAILED_8_5 = """\
[06/22/2024-21:01:53] [I] [TRT] [MemUsageChange] Init cuDNN: CPU +233, GPU +52, now: CPU 2630, GPU 1726 (MiB)
[06/22/2024-21:01:53] [I] [TRT] Local timing cache in use. Profiling results in this builder pass will not be stored.
2024-06-22 21:01:54.116580: T index_rebatch_plugin.cpp:323] terminate
[06/22/2024-21:01:54] [E] Error[9]: [pluginV2Builder.cpp::reportPluginError::23] Error Code 9: Internal Error \
(/SCA_IndexRebatch_TRT: could not find any supported formats consistent with input/output data types)
[06/22/2024-21:01:54] [E] Error[2]: [builder.cpp::buildSerializedNetwork::743] Error Code 2: Internal Error (Assertion \
engine != nullptr failed. )
[06/22/2024-21:01:54] [E] Engine could not be created from network
[06/22/2024-21:01:54] [E] Building engine failed
[06/22/2024-21:01:54] [E] Failed to create engine from model or file.
[06/22/2024-21:01:54] [E] Engine set up failed
&&&& FAILED TensorRT.trtexec [TensorRT v8510] # trtexec --onnx=./sca.onnx --plugins=./libplugin_custom.so --verbose \
--inputIOFormats=fp32:chw,fp32:chw,int8:chw --outputIOFormats=int32:chw,int32:chw,fp32:chw,fp32:chw,fp32:chw
"""
# TensorRT 10.3 on a Jetson Orin, JetPack 6: a convolution of which none of its implementations can be built.
FAILED_10_3 = """\
[04/27/2026-18:38:45] [E] Error[2]: [convBaseBuilder.cpp::createConvolution::259] Error Code 2: Internal Error \
(Assertion isOpConsistent(convolution.get()) failed. Cask convolution isConsistent check failed.)
[04/27/2026-18:38:45] [E] Engine could not be created from network
[04/27/2026-18:38:45] [E] Building engine failed
[04/27/2026-18:38:45] [E] Failed to create engine from model or file.
[04/27/2026-18:38:45] [E] Engine set up failed
&&&& FAILED TensorRT.trtexec [TensorRT v100300] # /usr/src/tensorrt/bin/trtexec --onnx=/tmp-decoder.onnx --fp16
"""
