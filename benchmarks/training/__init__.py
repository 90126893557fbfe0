"""Makes the weights that ship as data in `ocr_models`, from generated pages of the parts TRAIN and
TUNE.

May not come in: anything of the part TEST, anything that the product needs to run.
"""
