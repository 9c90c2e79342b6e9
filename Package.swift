// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A library target under Sources/.
func module(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(of name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

/// The modules of the library, and the one that exports them. Targets that import that one name all of
/// them: SwiftPM builds a target again when a module that it names has changed.
let library: [Target.Dependency] = [
  "PIQPlatform", "PIQTensor", "PIQAudioIO", "PIQSpectral", "PIQOneDNN", "PIQKernels",
  "PIQNeuralNetwork", "PIQClassifiers", "PIQ", "PIQExplanations", "PIQCheckpoints", "PIQModels",
  "PIQAudio",
]

let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// In the order that a clip passes them; a target imports only targets above it.
let package = Package(
  name: "piq-audio",
  products: [
    .library(name: "PIQAudio", targets: ["PIQAudio"]),
    .executable(name: "piq-audio", targets: ["piq-audio"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CPIQSndfile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
    .systemLibrary(
      name: "CPIQMpg123", pkgConfig: "libmpg123", providers: [.apt(["libmpg123-dev"])]),
    .systemLibrary(name: "CPIQFLAC", pkgConfig: "flac", providers: [.apt(["libflac-dev"])]),
    .systemLibrary(name: "CPIQVorbis", pkgConfig: "vorbis", providers: [.apt(["libvorbis-dev"])]),
    .systemLibrary(name: "CPIQOpus", pkgConfig: "opus", providers: [.apt(["libopus-dev"])]),
    .systemLibrary(name: "CPIQFFTW", pkgConfig: "fftw3f", providers: [.apt(["libfftw3-dev"])]),
    .systemLibrary(name: "CPIQOneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "CPIQCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CPIQZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(
      name: "CPIQCairo", pkgConfig: "cairo",
      providers: [.apt(["libcairo2-dev", "fonts-dejavu-core"])]),
    .systemLibrary(name: "CPIQPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),

    .target(name: "CPIQKernels"),
    // Opens its library when it is needed.
    .target(name: "CPIQOpenVINO"),

    module("PIQPlatform", []),
    module("PIQTensor", ["PIQPlatform"]),
    module(
      "PIQAudioIO",
      ["CPIQSndfile", "CPIQMpg123", "CPIQFLAC", "CPIQVorbis", "CPIQOpus", "PIQPlatform"]),
    module("PIQSpectral", ["CPIQFFTW", "PIQTensor"]),
    module("PIQOneDNN", ["CPIQOneDNN", "PIQPlatform", "PIQTensor"]),
    module("PIQOpenVINO", ["CPIQOpenVINO", "PIQPlatform", "PIQTensor"]),
    module("PIQKernels", ["CPIQKernels", "PIQPlatform", "PIQTensor", "PIQOneDNN"]),
    module("PIQNeuralNetwork", ["PIQTensor", "PIQOneDNN", "PIQKernels"]),
    module(
      "PIQClassifiers",
      [
        "PIQPlatform", "PIQTensor", "PIQSpectral", "PIQKernels", "PIQNeuralNetwork", "PIQOpenVINO",
      ]),
    module(
      "PIQ", ["PIQTensor", "PIQSpectral", "PIQKernels", "PIQNeuralNetwork", "PIQClassifiers"]),
    module(
      "PIQExplanations",
      [
        "PIQPlatform", "PIQTensor", "PIQSpectral", "PIQKernels", "PIQNeuralNetwork",
        "PIQClassifiers", "PIQ",
      ]),
    module("PIQCheckpoints", ["CPIQCrypto", "CPIQZip", "PIQPlatform", "PIQTensor", yams]),
    module(
      "PIQModels",
      [
        "PIQPlatform", "PIQTensor", "PIQSpectral", "PIQKernels", "PIQNeuralNetwork",
        "PIQOpenVINO", "PIQClassifiers", "PIQ", "PIQExplanations", "PIQCheckpoints",
      ]),
    module(
      "PIQAudio",
      [
        "PIQPlatform", "PIQTensor", "PIQAudioIO", "PIQSpectral", "PIQOneDNN", "PIQKernels",
        "PIQNeuralNetwork", "PIQClassifiers", "PIQ", "PIQExplanations", "PIQCheckpoints",
        "PIQModels",
      ]),
    module("PIQPlotting", ["CPIQCairo", "CPIQPNG", "PIQPlatform", "PIQTensor"]),
    module("PIQDatasets", ["PIQPlatform", "PIQAudioIO"]),
    module("PIQPipeline", library + ["PIQPlotting"]),
    module("PIQRuns", library + ["PIQPipeline"]),
    module(
      "PIQReport",
      library + [
        "PIQPlotting", "PIQPipeline", .product(name: "Mustache", package: "swift-mustache"),
      ], resources: [.embedInCode("Resources")]),
    module("PIQEvaluation", library + ["PIQPlotting", "PIQDatasets"]),
    module("PIQTraining", library + ["PIQPlotting", "PIQDatasets", "PIQEvaluation", yams]),
    .executableTarget(
      name: "piq-audio",
      dependencies: library + [
        "PIQDatasets", "PIQPipeline", "PIQRuns", "PIQReport", "PIQEvaluation", "PIQTraining",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),

    .target(
      name: "TestSupport",
      dependencies: [
        "PIQTensor", "PIQSpectral", "PIQNeuralNetwork", "PIQClassifiers", "PIQ", "PIQExplanations",
        "PIQCheckpoints", "PIQModels",
      ],
      path: "Tests/TestSupport", swiftSettings: settings),
    .target(
      name: "FuzzTargets",
      dependencies: [
        "PIQPlatform", "PIQTensor", "PIQAudioIO", "PIQSpectral", "PIQCheckpoints", "PIQModels",
        "PIQDatasets", "PIQPipeline", "PIQRuns", "PIQReport", "PIQTraining", "TestSupport",
      ],
      path: "Tests/FuzzTargets", swiftSettings: settings),
    tests(of: "PIQPlatform", ["PIQPlatform"]),
    tests(of: "PIQTensor", ["PIQTensor"]),
    tests(of: "PIQAudioIO", ["CPIQSndfile", "PIQPlatform", "PIQAudioIO"]),
    tests(of: "PIQSpectral", ["PIQTensor", "PIQSpectral", "PIQCheckpoints"]),
    tests(of: "PIQKernels", ["PIQKernels"]),
    tests(
      of: "PIQNeuralNetwork",
      ["PIQPlatform", "PIQTensor", "PIQOneDNN", "PIQKernels", "PIQNeuralNetwork", "PIQCheckpoints"]),
    tests(
      of: "PIQClassifiers",
      ["PIQTensor", "PIQKernels", "PIQNeuralNetwork", "PIQClassifiers", "PIQ", "PIQExplanations"]),
    tests(
      of: "PIQ",
      ["PIQTensor", "PIQSpectral", "PIQNeuralNetwork", "PIQClassifiers", "PIQ", "PIQExplanations"]),
    tests(
      of: "PIQExplanations",
      [
        "PIQTensor", "PIQSpectral", "PIQNeuralNetwork", "PIQClassifiers", "PIQ", "PIQExplanations",
        "PIQCheckpoints",
      ]),
    tests(of: "PIQCheckpoints", ["PIQPlatform", "PIQTensor", "PIQCheckpoints"]),
    tests(
      of: "PIQModels",
      [
        "PIQPlatform", "PIQTensor", "PIQAudioIO", "PIQSpectral", "PIQKernels", "PIQClassifiers",
        "PIQ", "PIQExplanations", "PIQCheckpoints", "PIQModels",
      ]),
    tests(of: "PIQAudio", library),
    tests(of: "PIQPlotting", ["PIQPlatform", "PIQTensor", "PIQPlotting"]),
    tests(of: "PIQDatasets", ["PIQPlatform", "PIQDatasets"]),
    tests(
      of: "PIQPipeline",
      [
        "PIQPlatform", "PIQTensor", "PIQAudioIO", "PIQSpectral", "PIQNeuralNetwork",
        "PIQClassifiers", "PIQ", "PIQExplanations", "PIQCheckpoints", "PIQModels", "PIQPipeline",
        "PIQRuns",
      ]),
    tests(
      of: "PIQRuns",
      [
        "PIQPlatform", "PIQAudioIO", "PIQClassifiers", "PIQ", "PIQExplanations", "PIQCheckpoints",
        "PIQModels", "PIQPipeline", "PIQRuns",
      ]),
    tests(
      of: "PIQReport",
      ["PIQPlatform", "PIQTensor", "PIQAudioIO", "PIQCheckpoints", "PIQPipeline", "PIQReport"]),
    tests(
      of: "PIQEvaluation",
      [
        "PIQPlatform", "PIQTensor", "PIQClassifiers", "PIQ", "PIQExplanations", "PIQCheckpoints",
        "PIQModels", "PIQPlotting", "PIQDatasets", "PIQEvaluation",
      ]),
    tests(
      of: "PIQTraining",
      [
        "PIQPlatform", "PIQTensor", "PIQKernels", "PIQNeuralNetwork", "PIQClassifiers", "PIQ",
        "PIQExplanations", "PIQCheckpoints", "PIQModels", "PIQDatasets", "PIQTraining",
      ]),
    tests(of: "Fuzz", ["FuzzTargets"]),
    tests(
      of: "Command",
      [
        "PIQPlatform", "PIQTensor", "PIQAudioIO", "PIQExplanations", "PIQCheckpoints", "PIQModels",
      ]),
    tests(
      of: "Reference",
      [
        "PIQTensor", "PIQAudioIO", "PIQSpectral", "PIQNeuralNetwork", "PIQClassifiers", "PIQ",
        "PIQExplanations", "PIQCheckpoints",
      ]),
  ]
)

// Needs the compiler's libFuzzer, which only `make fuzz` asks for.
if Context.environment["PIQ_AUDIO_FUZZER"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzzer", dependencies: ["FuzzTargets"], path: "Tests/Fuzzer", swiftSettings: settings))
}
