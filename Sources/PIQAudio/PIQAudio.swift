// Re-exports all modules that a program needs, down to the tensors.
@_exported import PIQ
@_exported import PIQAudioIO
@_exported import PIQCheckpoints
@_exported import PIQClassifiers
@_exported import PIQExplanations
@_exported import PIQKernels
@_exported import PIQModels
@_exported import PIQNeuralNetwork
@_exported import PIQOneDNN
@_exported import PIQPlatform
@_exported import PIQSpectral
@_exported import PIQTensor
