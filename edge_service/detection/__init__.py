"""The people in a frame: the detector's plug point, and networks out of ONNX files."""
