print("piq-audio")
