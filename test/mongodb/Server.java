import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** A server that speaks MongoDB's protocol, for tests: it says where it listens and ends with its standard input. */
class Server {
  /** What it answers as: the driver wants wire version 9 at least. */
  static final MongoVersion VERSION = new MongoVersion() {
    public List<Integer> getVersionArray() {
      return List.of(7, 0, 0);
    }

    public int getWireVersion() {
      return 21;
    }
  };

  public static void main(String[] arguments) throws Exception {
    MongoServer server = new MongoServer(new MemoryBackend().version(VERSION));
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    System.out.println("mongodb://127.0.0.1:" + server.getLocalAddress().getPort());
    while (System.in.read() >= 0) {
    }
    server.shutdownNow();
    System.exit(0);
  }
}
