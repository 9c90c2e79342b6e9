import Foundation
import Testing

/// Chromium without a window, told what to do through its DevTools protocol: JSON messages that end
/// with a NUL byte, on two pipes.
final class Browser {
  private let program: RunningProgram
  private let input: FileHandle
  private let output: Int32
  private var received: [UInt8] = []
  private var lastNumber = 0
  private var session: String?
  /// What the page threw, and what it wanted and was refused.
  private(set) var complaints: [String] = []

  /// Opens the file `page` of `space`.
  ///
  /// - Throws: also where there is no Chromium: a page that was not tried does not count as good.
  init(_ page: String, in space: Workspace) throws {
    let pipes = ["to", "from"].map { "\(space.path)/\($0)-browser" }
    for pipe in pipes {
      try #require(mkfifo(pipe, 0o600) == 0)
    }
    // Open for both ways a pipe waits for nobody.
    let descriptors = pipes.map { open($0, O_RDWR | O_CLOEXEC) }
    try #require(descriptors.allSatisfy { $0 >= 0 })
    input = FileHandle(fileDescriptor: descriptors[0], closeOnDealloc: true)
    output = descriptors[1]
    program = try space.start(
      "/bin/sh",
      [
        "-c", #"exec chromium "$@" 3<"$0/to-browser" 4>"$0/from-browser""#, space.path,
        "--headless=new", "--remote-debugging-pipe", "--user-data-dir=\(space.path)/browser",
        // Containers have neither the namespaces of the sandbox nor much of /dev/shm.
        "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
        "--window-size=1200,900", URL(filePath: space.file(page)).absoluteString,
      ], environment: ["HOME": space.path])
    session = try target()
    _ = try send("Runtime.enable")
    _ = try send("Log.enable")
    // Until it begins to load, an empty document is there and complete.
    try wait("the page to load") {
      try evaluate("document.readyState === 'complete' && location.protocol === 'file:'") as? Bool
        == true
    }
  }

  deinit {
    kill(program.identifier, SIGTERM)
    _ = program.wait(seconds: 10)
    close(output)
  }

  /// The value of a JavaScript expression in the page.
  func evaluate(_ expression: String) throws -> Any? {
    let result = try send(
      "Runtime.evaluate", ["expression": expression, "returnByValue": true, "awaitPromise": true])
    try #require(result["exceptionDetails"] == nil, "\(expression): \(result)")
    return (result["result"] as? [String: Any])?["value"]
  }

  /// The text of the element that `selector` names.
  func text(_ selector: String) throws -> String {
    try #require(try evaluate("document.querySelector(`\(selector)`).innerText") as? String)
  }

  /// Clicks with the mouse on the middle of the element that `selector` names.
  func click(_ selector: String) throws {
    let place = try #require(
      try evaluate(
        """
        (() => {
          const element = document.querySelector(`\(selector)`);
          element.scrollIntoView({ block: "center" });
          const box = element.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        })()
        """) as? [Double])
    for type in ["mousePressed", "mouseReleased"] {
      _ = try send(
        "Input.dispatchMouseEvent",
        ["type": type, "x": place[0], "y": place[1], "button": "left", "clickCount": 1])
    }
  }

  /// Presses a key; `code` is its number among Windows' virtual keys.
  func press(_ key: String, code: Int) throws {
    for type in ["keyDown", "keyUp"] {
      var event: [String: Any] = ["type": type, "key": key, "windowsVirtualKeyCode": code]
      if key.count == 1, type == "keyDown" { event["text"] = key }
      _ = try send("Input.dispatchKeyEvent", event)
    }
  }

  /// Waits until `condition` holds, up to 20 seconds.
  func wait(
    _ purpose: String, sourceLocation: SourceLocation = #_sourceLocation,
    until condition: () throws -> Bool
  ) throws {
    let end = Date().addingTimeInterval(20)
    while try !condition() {
      try #require(Date() < end, "waited in vain for \(purpose)", sourceLocation: sourceLocation)
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  /// Attaches to the page.
  private func target() throws -> String {
    var page: String?
    try wait("Chromium to start") {
      let targets = try send("Target.getTargets")["targetInfos"] as? [[String: Any]] ?? []
      page =
        targets.first {
          $0["type"] as? String == "page" && ($0["url"] as? String)?.hasPrefix("file:") == true
        }?["targetId"] as? String
      return page != nil
    }
    let result = try send("Target.attachToTarget", ["targetId": page ?? "", "flatten": true])
    return try #require(result["sessionId"] as? String)
  }

  private func send(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
    lastNumber += 1
    var message: [String: Any] = ["id": lastNumber, "method": method, "params": parameters]
    if let session { message["sessionId"] = session }
    try input.write(contentsOf: JSONSerialization.data(withJSONObject: message) + [0])
    while true {
      let answer = try receive()
      if answer["id"] as? Int == lastNumber {
        return try #require(answer["result"] as? [String: Any], "\(method): \(answer)")
      }
      if ["Runtime.exceptionThrown", "Log.entryAdded"].contains(answer["method"] as? String) {
        complaints.append("\(answer)")
      }
    }
  }

  private func receive() throws -> [String: Any] {
    let end = Date().addingTimeInterval(30)
    while true {
      if let mark = received.firstIndex(of: 0) {
        let message = Data(received[..<mark])
        received.removeSubrange(...mark)
        return try #require(try JSONSerialization.jsonObject(with: message) as? [String: Any])
      }
      var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      try #require(
        kill(program.identifier, 0) == 0 && Date() < end,
        "Chromium does not answer; is it installed (apt-get install chromium)?")
      guard poll(&waiting, 1, 500) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(output, &buffer, buffer.count)
      if count > 0 { received += buffer.prefix(count) }
    }
  }
}
