"""What a cell calls: outputs, claims, exercises, views; knows no science."""
