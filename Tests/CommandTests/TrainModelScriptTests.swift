import Foundation
import Testing

/// `contrib/train-model`, behind `make model`, without the hours that the training itself takes.
@Suite struct TrainModelScriptTests {
  private let space: Workspace

  init() throws { space = try Workspace() }

  private func run(_ arguments: [String]) throws -> Outcome {
    try space.shell(
      "shift; PIQ=$1; shift; WORK=work BUNDLED=bundled \(Program.project)/contrib/train-model $PIQ \"$@\"",
      arguments)
  }

  @Test func missingFoldersAreNamed() throws {
    try space.write("clips/clips.csv", "".utf8)
    for (arguments, name, place) in [
      (["esc10"], "esc10: ", "https://github.com/karolpiczak/ESC-50"),
      (["clips", "teacher"], "teacher: ", "https://github.com/tensorflow/models/"),
    ] {
      let outcome = try run(["false"] + arguments)
      #expect(outcome.status == 2)
      #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
      #expect(outcome.errors.hasPrefix("train-model: " + name), "\(outcome.errors)")
      #expect(outcome.errors.contains(place) && outcome.errors.contains("SHA-256 "))
    }
  }

  /// The classifier, then its interpreter, then the files; what has begun is resumed.
  @Test func stages() throws {
    try space.write("clips/clips.csv", "".utf8)
    try space.write("teacher/yamnet.onnx", "".utf8)
    try space.write("teacher/yamnet_class_map.csv", "".utf8)
    // Leaves what a training leaves.
    let stub = """
      #!/bin/sh
      echo "$@"
      for last; do :; done
      if [ "$1" = train ]; then
        mkdir -p "$last/training"
        for file in model.json model.safetensors training/$2.yaml training/$2.jsonl training/$2.png \\
          training/$2.cross-validation.json training/$2.out-of-fold.jsonl training/$2.known.json; do
          echo "$2" > "$last/$file"
        done
      fi

      """
    try space.write("stub", stub.utf8)
    chmod(space.file("stub"), 0o755)
    let outcome = try run(["./stub", "clips", "teacher"])
    outcome.expectSuccess()
    let lines = outcome.outputLines
    try #require(lines.count == 4, "\(lines)")
    #expect(lines[0].hasPrefix("model import teacher/yamnet.onnx --output work/teacher "))
    #expect(lines[1].hasPrefix("train classifier clips/clips.csv --cross-validate "))
    #expect(lines[1].contains(" --calibrate-known --teacher work/teacher --recipe "))
    #expect(lines[2].hasPrefix("train interpreter clips/clips.csv --cross-validate "))
    #expect(lines[2].contains(" --model work/classifier --recipe "))
    #expect(!lines[1].contains("--resume") && !lines[2].contains("--resume"))
    #expect(space.files.contains("bundled/training/classifier.known.json"))
    let model = String(decoding: try space.bytes("bundled/model.json"), as: UTF8.self)
    #expect(model == "interpreter\n")

    let again = try run(["./stub", "clips"])
    #expect(again.status == 0)
    #expect(again.errors.contains("no TEACHER=DIR"))
    #expect(again.outputLines[0].contains("--resume") && again.outputLines[1].contains("--resume"))
    #expect(!again.output.contains("--teacher"))
  }

  /// Of ESC-50, the clips of ESC-10 in folds 1 to 4 are taken, under ESC-10's names.
  @Test func takesESC50AsPublished() throws {
    let rows = [
      "filename,fold,target,category,esc10,src_file,take", "1-100-A.wav,1,0,dog,True,100,A",
      "1-1-A.wav,1,3,cow,False,1,A", "5-1-A.wav,5,0,dog,True,1,A",
      "2-1-A.wav,2,20,crying_baby,True,1,A", "3-1-A.wav,3,10,rain,True,1,A",
    ]
    try space.write("esc50/meta/esc50.csv", (rows.joined(separator: "\n") + "\n").utf8)
    let outcome = try run(["false", "esc50"])
    #expect(outcome.status == 1)
    let clips = String(decoding: try space.bytes("work/clips.csv"), as: UTF8.self)
    #expect(
      clips
        == "filename,fold,category\n1-100-A.wav,1,dog_bark\n2-1-A.wav,2,baby_cry\n3-1-A.wav,3,rain\n"
    )
  }
}
