import Foundation
import PIQCheckpoints
import PIQPlatform
import TestSupport
import Testing

@Suite struct LabelFileTests {
  private static let labels = ["dog bark", "rain, heavy", "héron"]

  @Test(arguments: [
    "dog bark\nrain, heavy\nhéron\n", "\u{FEFF}dog bark\r\n\r\n  rain, heavy \r\nhéron",
    "index,mid,display_name\n1,/m/2,\"rain, heavy\"\n0,/m/1,dog bark\n2,/m/3,héron\n",
    "name,index\ndog bark,0\n\"rain, heavy\",1\nhéron,2\n",
    "'dog bark' => 0\n'rain, heavy' => 1\n'héron' => 2\n====\n'starting_index' => 0\n",
    #"{"id2label": {"2": "héron", "0": "dog bark", "1": "rain, heavy"}, "model_type": "vit"}"#,
  ])
  func allKinds(text: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "labels")
    #expect(try LabelFile.read(path: folder("labels")) == Self.labels)
  }

  @Test(arguments: [
    ("", "holds no labels"), (" \n\t\n", "holds no labels"), ("a\nb\na\n", "gives label 'a' twice"),
    ("index,name\n0,a\n2,b\n", "has no label for index 1"),
    ("index,name\n0,a\nx,b\n", "line 3 is no row"), ("index,name\n0,a\n0,b\n", "line 3 is no row"),
    ("index,name\n", "holds no labels"), ("{}", "has no id2label"), ("{", "is no JSON object"),
    (#"{"id2label": {"0": "a", "2": "b"}}"#, "no label for each index"),
    (#"{"id2label": {"0": "a", "1": "a"}}"#, "gives label 'a' twice"),
  ])
  func refusals(text: String, problem: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "labels")
    let error = #expect(throws: Failure.self) { try LabelFile.read(path: folder("labels")) }
    #expect(error?.path == folder("labels"))
    #expect(error?.problem.contains(problem) == true, "\(String(describing: error))")
    #expect(error?.remedy?.isEmpty == false)
  }
}
